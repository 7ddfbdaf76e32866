"""The work of single tasks: runs that fail, write what they may not, cost too much, or have to begin with tests."""

from typing import Any

import pytest

from internal_tests.support.plans import make_plan, task, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

ONE_ATTEMPT = {"max_attempts": 1}
FAILS = {"do": [["usage", {"input": 15, "output": 5}], ["fail", "the field has no width"]]}


@pytest.mark.plan_case(11)
@pytest.mark.plan_case(16)
def test_a_task_that_fails_is_tried_again_and_one_that_always_does_needs_a_person(world: World) -> None:
    plan = make_plan(
        world,
        [
            task("001", writes="docs"),
            task("002", writes="code"),
            task("003", after=["002"]),
            task("004", after=["001"]),
        ],
        {"001//1": [FAILS], "001/": [writes("docs/a.txt")], "002/": [FAILS], "*": [writes("{task}.txt")]},
        healing=ONE_ATTEMPT,
        max_dispatches=2,
        budgets={"max_tokens_per_run": 50},
    )
    said = plan.carry_out(code=3)
    assert plan.statuses == {
        "001": "complete",
        "002": "needs_human_review",
        "003": "pending",
        "004": "complete",
    }, said.err
    assert [len(one["dispatches"]) for one in plan.state["tasks"].values()] == [2, 2, 0, 1]
    (reset,) = plan.told("task.reset", "001")
    assert "the field has no width" in reset["reason"]
    assert [one["why"] for one in plan.state["tasks"]["001"]["dispatches"]] == ["first", "retry"]
    (paused,) = plan.told("run.paused")
    assert (paused["reason"], paused["waiting"]) == ("blocked_dependencies", {"003": ["002"]})
    assert paused["resume_command"] in f"{said.out}{said.err}"
    tokens = {name: [run["tokens"] for run in one["dispatches"]] for name, one in plan.state["tasks"].items()}
    assert (tokens["001"][0], tokens["002"]) == (20, [20, 20]), "what failed runs used was not counted"
    assert len(plan.told("budget.warn")) == 1
    assert set(plan.trailers()) == {"001", "004"}
    world.ok("plan", "review", "retry", "002", "--reason", "mind the width")
    assert plan.statuses["002"] == "pending"
    plan.agent_plan.write_text('{"*": [{"do": [["prompt", "{task}.txt"]]}]}')
    plan.go_on()
    assert sorted(plan.trailers()) == ["001", "002", "003", "004"]
    assert "mind the width" in world.git("show", "main:002.txt")
    assert plan.leftovers() == {}


@pytest.mark.plan_case(11)
def test_with_fail_fast_no_further_task_is_begun_after_one_has_failed(world: World) -> None:
    plan = make_plan(
        world,
        [task("001", writes="docs"), task("002", writes="docs")],
        {"001/": [FAILS]},
        healing=ONE_ATTEMPT,
        task_failure_policy="fail_fast",
    )
    plan.carry_out(code=3)
    assert plan.statuses == {"001": "failed", "002": "pending"}
    assert plan.told("task.failed", "001") and plan.trailers() == []


@pytest.mark.plan_case(4)
def test_what_a_task_wrote_without_having_declared_it_is_told_or_given_to_it(world: World) -> None:
    bare: dict[str, Any] = {"locks": {"reads": [], "writes": ["docs"]}, "files": {"reads": [], "writes": []}}
    plan = make_plan(
        world,
        [task("001", **bare), task("002", **bare), task("003", **bare)],
        {"002//2": [{"do": [["prompt", "code/seen"]]}], "*": [writes("code/{task}.txt")]},
        manifest_enforcement="warn",
        max_rescopes=2,
    )
    plan.carry_out("--tasks", "001")
    assert len(plan.state["tasks"]["001"]["dispatches"]) == 1, "a warning is no reason to do the work again"
    (asked,) = plan.told("access.requested", "001")
    assert asked["file"] == "code/001.txt"
    assert asked["reasons"] == ["resource_not_locked_for_write", "file_not_declared_for_write"]
    settings = world.repo / "plan.yaml"
    world.commit({"plan.yaml": settings.read_text().replace('"warn"', '"block"')})
    plan.carry_out("--tasks", "002")
    state = plan.state["tasks"]["002"]
    assert [one["why"] for one in state["dispatches"]] == ["first", "rescope", "rescope"]
    assert state["locks"]["writes"] == ["code", "docs"]
    assert state["files"]["writes"] == ["code/002.txt", "code/seen"]
    assert plan.told("task.rescope.updated")[0]["added_files"] == ["code/002.txt"]
    assert "not declared: code/002.txt" in world.git("show", "main:code/seen")
    assert world.git("show", "main:code/002.txt") == "made", "the earlier work was lost"
    world.commit({"plan.yaml": settings.read_text().replace('"max_rescopes": 2', '"max_rescopes": 0')})
    plan.carry_out("--tasks", "003", code=3)
    assert plan.statuses == {"003": "rescope_required"} and "003" not in plan.trailers()
    world.ok("plan", "review", "approve", "003")
    plan.go_on()
    assert plan.trailers() == ["003", "002", "001"]
    assert plan.leftovers() == {}


@pytest.mark.plan_case(5)
def test_a_task_over_its_budget_is_not_merged_until_the_limit_is_raised(world: World) -> None:
    plan = make_plan(
        world,
        [task("001", writes="docs"), task("002", writes="docs", after=["001"])],
        {"*": [writes("docs/{task}.txt", usage={"input": 15, "output": 5})]},
        budgets={"mode": "block", "max_tokens_per_task": 1},
    )
    before = plan.main()
    plan.carry_out(code=3)
    assert plan.statuses == {"001": "paused", "002": "pending"} and plan.main() == before
    (blocked,) = plan.told("budget.block")
    assert (blocked["scope"], blocked["kind"], blocked["limit"], blocked["value"]) == ("task", "tokens", 1, 20)
    plan.go_on(code=3)
    assert plan.main() == before, "nothing was raised"
    plan.go_on("--max-tokens-per-task", "100")
    assert plan.trailers() == ["002", "001"], "the flag holds for every task"
    assert [len(one["dispatches"]) for one in plan.state["tasks"].values()] == [1, 1], "the work was thrown away"
    assert plan.leftovers() == {}


@pytest.mark.plan_case(5)
def test_a_limit_holds_also_where_it_was_passed_before_it_was_given(world: World) -> None:
    gate = world.root / "gate"
    works = writes("docs/a.txt", usage={"input": 1, "output": 1})
    works["do"].insert(0, ["wait_for", str(gate)])
    plan = make_plan(
        world,
        [task("001", writes="docs"), task("002", writes="code")],
        {"001/": [FAILS, works], "002/": [writes("code/b.txt", usage={"input": 100, "output": 100})]},
        budgets={"mode": "block", "max_tokens_per_task": 150},
    )
    conductor = plan.begin()
    plan.wait_for("task.paused", "002")
    wait_for(lambda: plan.state["tasks"]["001"]["dispatches"][0]["tokens"] == 20, "the failed attempt to be counted")
    conductor.kill()
    conductor.wait()
    plan.go_on("--max-tokens-per-task", "10", code=3)
    assert plan.statuses == {"001": "paused", "002": "paused"} and plan.trailers() == []
    assert [told["limit"] for told in plan.told("budget.block")] == [150], "a limit is told of when it is crossed"
    refused = world.agency("plan", "review", "approve", "001", "--json")
    assert refused.error["code"] == "E_PLAN_TRANSITION", "there is nothing that could be merged"
    gate.touch()
    plan.go_on("--max-tokens-per-task", "150", code=3)
    assert plan.statuses == {"001": "complete", "002": "paused"}
    plan.go_on("--max-tokens-per-task", "1000")
    assert sorted(plan.trailers()) == ["001", "002"] and plan.leftovers() == {}


@pytest.mark.plan_case(12)
def test_strict_tdd_begins_with_tests_that_fail_and_does_not_begin_again_after_the_worker_died(world: World) -> None:
    gate = world.root / "gate"
    plan = make_plan(
        world,
        [
            task(
                "001",
                writes="code",
                tdd_mode="strict",
                test_paths=["code/t/**"],
                affected_tests=["code/t/check"],
                verify={"doctor": "true", "fast": "sh code/t/check"},
            )
        ],
        {
            "001/tests": [
                {"do": [["write", "README.md", "too much\n"], ["write", "code/t/check", "true\n"]]},
                {"do": [["write", "code/t/check", "test -e README.md\n"]]},
                {"do": [["write", "code/t/check", "grep -q feature code/feature\n"]]},
            ],
            "001/implement": [{"do": [["wait_for", str(gate)], ["write", "code/feature", "the feature\n"]]}],
        },
        healing={"max_attempts": 5},
    )
    conductor = plan.begin()
    run = plan.at_work("001")
    wait_for(lambda: "tdd.stage.pass" in run.event_names(), "the tests to be accepted", 40)
    failed = [event["data"] for event in run.events if event["event"] == "tdd.stage.fail"]
    assert [told["reason"] for told in failed] == ["non_test_changes", "fast_passed"]
    assert failed[0]["files"] == ["README.md"]

    def attempts(step: str) -> int:
        told = [event["data"] for event in run.events if event["event"] == "task.step.attempt.started"]
        return len([one for one in told if one["stepId"] == step])

    wait_for(lambda: attempts("implement") == 1, "the work to begin")
    world.tmux_ask("kill-session", "-t", f"={run.session}")
    plan.wait_for("session.missing", "001")
    gate.touch()
    assert conductor.wait(60) == 0, plan.saying()
    assert attempts("tests") == 3, "stage A was done again"
    assert world.git("show", "main:README.md") == "a repo" and world.git("show", "main:code/feature") == "the feature"
    assert plan.trailers() == ["001"] and len(plan.state["tasks"]["001"]["dispatches"]) == 1
    assert plan.leftovers() == {}


@pytest.mark.plan_case(13)
@pytest.mark.plan_case(14)
@pytest.mark.plan_case(15)
def test_the_doctor_is_not_asked_before_lint_says_yes_and_every_turn_is_in_one_conversation(world: World) -> None:
    plan = make_plan(
        world,
        [task("001", writes="docs", verify={"doctor": "grep -q three docs/a.txt", "lint": "test -e docs/a.txt"})],
        {"001/": [writes("docs/b.txt"), writes("docs/a.txt", "two\n"), writes("docs/a.txt", "three\n")]},
    )
    plan.carry_out()
    run = plan.run_of("001")
    names = run.event_names()
    assert [name for name in names if name.startswith(("lint.", "doctor."))] == [
        *("lint.start", "lint.fail"),
        *("lint.start", "lint.pass", "doctor.start", "doctor.fail"),
        *("lint.start", "lint.pass", "doctor.start", "doctor.pass"),
    ]
    logs = sorted(path.name for path in run.directory.glob("logs/[dl]*-0*.log"))
    assert logs == ["doctor-002.log", "doctor-003.log", "lint-001.log", "lint-002.log", "lint-003.log"]
    threads = [event for event in run.events if ".thread." in event["event"]]
    assert [event["event"].rpartition(".")[2] for event in threads] == ["started", "resumed", "resumed"]
    assert len({event["data"]["thread_id"] for event in threads}) == 1
    assert world.git("log", "--format=%s", "-2", "main").splitlines() == ["task-001: Task 001", "a plan"]
    assert world.git("show", "--name-only", "--format=", "main").split() == ["docs/a.txt", "docs/b.txt"]
    assert plan.leftovers() == {}
