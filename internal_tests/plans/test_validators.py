"""Validators say yes, no or nothing that can be used; who is blocked waits for a person, and main stays where it was."""

import json
from pathlib import Path

import psutil
import pytest

from internal_tests.support.plans import DOCTOR, PlanInWorld, make_plan, task, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_BY_TASK = """
test -f "$AGENCY_VALIDATOR_INPUT" && test -f "tests/test_$AGENCY_TASK_ID.py" || exit 9
case $AGENCY_TASK_ID in
  002) echo 'Look: {"pass": false, "summary": "it tests nothing", "concerns": [], "coverage_gaps": [], "confidence": "high"}' ;;
  003) kill -9 $$ ;;
esac
"""


def judged(plan: PlanInWorld, task_id: str) -> dict[str, str]:
    """What each validator said of a task."""
    return {one["validator"]: one["status"] for one in plan.state["tasks"][task_id]["validators"]}


@pytest.mark.plan_case(6)
def test_each_verdict_has_its_consequence_and_a_person_may_overrule_it(world: World) -> None:
    tests = {f"00{number}/": [writes(f"tests/test_00{number}.py")] for number in (1, 2, 3)}
    plan = make_plan(
        world,
        [task(f"00{number}", writes="tests") for number in (1, 2, 3)] + [task("004", writes="docs")],
        {**tests, "004/": [writes("docs/004.txt")]},
        resources=("docs", "tests"),
        validators={
            "test": {"mode": "block", "command": _BY_TASK},
            "style": {"command": "echo too many words; exit 1"},
            "architecture": {"mode": "block", "mock": True},
            "doctor": {"mode": "block", "mock": True, "run_every_n_tasks": 2},
        },
    )
    result = world.agency("plan", "run", "--merge-group", "1")
    assert result.code == 3, result.err
    assert plan.statuses == {
        "001": "complete",
        "002": "needs_human_review",
        "003": "needs_human_review",
        "004": "complete",
    }
    assert judged(plan, "001").items() >= {"test": "pass", "style": "fail", "architecture": "skip"}.items()
    assert judged(plan, "002")["test"] == "fail"
    assert judged(plan, "003")["test"] == "error"
    assert judged(plan, "004")["test"] == "skip"
    assert sorted(plan.trailers()) == ["001", "004"]
    (blocked,) = plan.told("validator.block", "002")
    assert (blocked["status"], blocked["summary"]) == ("fail", "it tests nothing")
    report = json.loads((plan.directory / "reports" / "002" / "validator-test-1.json").read_text())
    assert report["result"]["confidence"] == "high"
    assert report["meta"]["commit"] == plan.state["tasks"]["002"]["commit"]
    assert plan.told("review.asked", "002")[0]["report_path"] == blocked["report_path"]
    assert "exit code -9" in plan.told("validator.error", "003")[0]["summary"]
    assert "warning: task 001: the style validator says no: too many words" in result.err
    assert [one["trigger"] for one in plan.told("validator.pass") if one["validator"] == "doctor"] == ["cadence"]

    started = len(plan.told("validator.start", "002"))
    world.ok("plan", "review", "approve", "002")
    world.ok("plan", "review", "skip", "003")
    world.ok("plan", "resume")
    assert plan.statuses["002"] == "complete"
    assert len(plan.told("validator.start", "002")) == started
    assert plan.leftovers() == {}


@pytest.mark.plan_case(6)
def test_a_doctor_that_nobody_can_trust_moves_no_branch_and_its_failures_are_looked_at(world: World) -> None:
    plan = make_plan(
        world,
        [task("001", writes="docs"), task("002", writes="code", after=["001"])],
        {"001/": [writes("docs/001.txt")], "002/": [writes("broken")]},
        doctor="test ! -e broken",
        validators={"doctor": {"mode": "block", "command": "echo it looks good"}},
    )
    main = world.git("rev-parse", "main")
    assert world.agency("plan", "run").code == 3
    assert plan.statuses == {"001": "needs_human_review", "002": "pending"}
    assert world.git("rev-parse", "main") == main
    review = plan.state["tasks"]["001"]["review"]
    assert review["by"] == "doctor_validator"
    assert "says yes where it has to say no; it looks good" in review["reason"]
    assert json.loads(Path(review["report"]).read_text())["trigger"] == "doctor_canary_failed"

    world.ok("plan", "review", "approve", "001")
    assert world.agency("plan", "resume").code == 3
    assert plan.statuses == {"001": "complete", "002": "needs_human_review"}
    assert plan.state["tasks"]["002"]["review"]["by"] == "doctor"
    (verdict,) = plan.state["tasks"]["002"]["validators"]
    assert (verdict["trigger"], verdict["status"]) == ("integration_doctor_failed", "pass")
    assert len(plan.told("validator.block")) == 1
    world.ok("plan", "review", "skip", "002")
    world.ok("plan", "resume")
    assert plan.leftovers() == {}


def test_a_conductor_killed_while_a_validator_works_leaves_nothing_and_the_next_one_asks_again(world: World) -> None:
    flag, count = world.root / "asked", world.root / "count"
    plan = make_plan(
        world,
        [task("001", writes="docs")],
        doctor=DOCTOR,
        validators={
            "style": {"mode": "block", "command": f"echo once >> {count}"},
            "architecture": {
                "mode": "block",
                "docs_glob": "README.md",
                "command": f"test -e {flag} || {{ touch {flag}; sleep 617; }}",
            },
            "doctor": {"mode": "off"},
        },
    )
    conductor = plan.begin()
    wait_for(flag.exists, "the validator to work")
    conductor.kill()
    conductor.wait()
    wait_for(lambda: not _sleeps(world), "the validator to end with its conductor")
    world.ok("plan", "resume")
    assert plan.statuses == {"001": "complete"}
    assert [told["validator"] for told in plan.told("validator.pass", "001")] == ["style", "architecture"]
    assert count.read_text() == "once\n"
    assert plan.leftovers() == {}


def _sleeps(world: World) -> list[psutil.Process]:
    return [process for process in world.processes() if "617" in process.cmdline()]
