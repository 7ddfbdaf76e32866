"""A person in the place of the runner of a headless run."""

import time

import pytest

from internal_tests.support.jobs import FAILS, JobRun, begin, deeds, impatient, use_plan, write_job, writes
from internal_tests.support.terminal import agency_in_terminal, clients
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


@pytest.mark.case(28, "DOC-REQ-008", "DOC-REQ-009")
@pytest.mark.case(41, "DOC-REQ-009")
def test_a_person_works_in_the_pane_until_it_is_released_and_no_timer_runs_meanwhile(world: World) -> None:
    waits = deeds(["write", "half.css", "half\n"], ["say", "I wait"], ["tick", 60, 0.2])
    run = begin(world, {"form": [FAILS, waits, writes("form.html")]}, steps=[impatient("form", timeout="4s")])
    run.wait_told("step.attempt.started", attempt=2)
    wait_for(lambda: (run.worktree / "half.css").exists(), "the agent to be at work")
    thread = run.thread()
    with agency_in_terminal(world, "attach", "job") as terminal:
        terminal.shows("I wait")
        assert run.ask("takeover", "--wait").out.startswith("applied: takeover")
        terminal.shows("demo> ")
        assert run.status() == "taken over" and run.outcomes() == ["retrying", "cancelled"]
        begun = time.monotonic()
        terminal.type("write by-hand.txt mine")
        wait_for(lambda: (run.worktree / "by-hand.txt").exists(), "what the person did")
        terminal.type("exit 0")
        terminal.shows("here is a shell")
        terminal.type("echo $((40 + 2)) in $PWD")
        terminal.shows(f"42 in {run.worktree}")
        wait_for(lambda: time.monotonic() - begun > 1.5, "more than the idle timeout", every=0.1)
        assert run.told("step.attempt.started", attempt=3) == []
        assert run.ask("release", "--wait").out.startswith("applied: release")
        run.ended()
        terminal.shows("[agency] done")
        assert clients(world) == [f"{run.session} 0"], "who looks on stays"
    assert run.outcomes() == ["retrying", "cancelled", "success"]
    assert run.state["steps"][0]["consumed"] == 1, "it counts against no budget"
    assert run.attempt(0, 3)["startedBy"] == "operator"
    assert run.thread() == thread and (run.worktree / "by-hand.txt").read_text() == "mine\n"
    assert [one["status"] for one in run.told("control.pause.active")] == ["taken_over"]
    assert [one["status"] for one in run.told("control.pause.cleared")] == ["running"]


@pytest.mark.case(28, "DOC-REQ-009")
def test_after_a_takeover_equal_failures_are_counted_anew(world: World) -> None:
    use_plan(world, {"form": [FAILS, FAILS, FAILS, writes("form.html")]})
    file = write_job(world, ["form"], budgets={"max_attempts": 5, "max_resets": 0})
    go = world.root / "go"
    slow = deeds(["wait_for", str(go)], *FAILS["do"])
    use_plan(world, {"form": [FAILS, slow, FAILS, writes("form.html")]})
    made = world.ok("run", "job", "--headless", "--job", file, "--detached").pairs["run_id"]
    run = JobRun(world, world.find(made).directory)
    run.wait_told("step.attempt.started", attempt=2)
    run.ask("takeover", "--wait")
    run.ask("release", "--wait")
    run.ended()
    assert run.outcomes() == ["retrying", "cancelled", "retrying", "success"]
    assert run.attempt(0, 3)["noProgressCount"] == 1
