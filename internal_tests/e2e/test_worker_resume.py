"""A worker that is lost, by whatever death, and the one that goes on in its place."""

import json
from itertools import takewhile

import pytest

from internal_tests.support.endings import lives
from internal_tests.support.jobs import COMMON_KEYS, FAILS, begin, deeds, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

NEVER = ["wait_for", "/never/there"]
KEPT = (("state", "json"), ("patches", "patch"))
"""Where a checkpoint is kept, and as what."""


@pytest.mark.case(30, "DOC-REQ-008", "DOC-REQ-010")
@pytest.mark.case(40, "DOC-REQ-008")
@pytest.mark.case(57, "DOC-REQ-010")
def test_a_worker_that_was_killed_in_any_way_is_followed_by_one_that_goes_on_where_it_was(world: World) -> None:
    half = deeds(["append", "form.html", "half\n"], ["say", "I wait"], NEVER)
    run = begin(world, {"first": [writes("first.txt")], "form": [half] * 4 + [writes("form.css")]})
    thread = None
    for number, end in enumerate(("worker", "kill", "tmux", "both"), 1):
        run.wait_told("step.attempt.started", stepIndex=1, attempt=number)
        wait_for(lambda: (run.worktree / "form.html").exists(), "the agent to be at work")
        wait_for(lambda: (run.worktree / "form.html").read_text() == "half\n" * number, "it")  # noqa: B023
        agents = run.agents()
        assert len(agents) == 1, "a second runner is at work"
        thread = thread or run.thread()
        if number == 1:
            told = world.ok("resume", "job", "--detached")
            assert run.event_names()[-1] == "resume_attach" and told.code == 0
            assert run.agents() == agents and run.status() == "working"
            run.kill_worker()
            wait_for(lambda: not any(lives(agent.pid) for agent in agents), "the agent to end with its worker")  # noqa: B023
            with (run.directory / "events.jsonl").open("a") as log:
                log.write('{"schema_version":"1.0","seq":9')
            assert run.status() not in ("working", "done")
        elif end == "kill":
            world.ok("kill", "job")
            assert not any(lives(agent.pid) for agent in agents)
        else:
            if end == "both":
                run.kill_worker()
            world.kill_tmux_server()
        world.ok("resume", "job", "--detached")
        wait_for(lambda: not any(lives(agent.pid) for agent in agents), "the agent to end")  # noqa: B023
    run.ended()
    assert run.outcomes(1) == [*["lost"] * 4, "success"]
    lost = run.told("step.attempt.failed")
    assert [(one["attempt"], one["outcome"], one["failureClass"]) for one in lost] == [
        (number, "lost", "transient_runtime") for number in (1, 2, 3, 4)
    ]
    assert all(set(one) >= COMMON_KEYS for one in lost)
    assert [one["startedBy"] for one in run.told("step.attempt.started", stepIndex=1)] == ["first", *["resume"] * 4]
    assert run.state["steps"][1]["consumed"] == 0 and run.thread() == thread
    assert (run.worktree / "form.html").read_text() == "half\n" * 4
    assert len(run.told("steps.plan")) == len(run.told("step.started", stepIndex=1)) == 1


def _prospects(world: World) -> tuple[bool | None, bool | None, list[str]]:
    """Whether the job may be resumed and its worktree rebuilt, as ``agency steps`` tells, and what it says below the steps."""
    told = world.ok("steps", "job", "--json").data["recovery"] or {}
    return told.get("resume_allowed"), told.get("rebuild_allowed"), world.ok("steps", "job").out.splitlines()[3:]


@pytest.mark.case(40, "DOC-REQ-008")
@pytest.mark.case(26, "DOC-REQ-008")
def test_a_job_that_stopped_is_taken_up_by_resume_and_no_record_is_written_over(world: World) -> None:
    plan = {"first": [writes("first.txt")], "form": [FAILS, FAILS, FAILS, writes("form.html")]}
    run = begin(world, plan, budgets={"max_attempts": 1}).ended("needs_attention")
    wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
    before = run.attempt(1, 1)
    assert before["events"] == sorted(before["events"]) and before["events"]
    assert json.loads((run.directory / "recovery.json").read_text())["lastGoodStep"]["stepId"] == "first"
    record, patch = (run.directory / f"{place}/steps/step-0000.{kind}" for place, kind in KEPT)
    prospects = [_prospects(world)]

    def resumed(job_attempt: int, outcome: str) -> None:
        world.ok("resume", "job", "--detached")
        run.ended(outcome, job_attempt=job_attempt)
        wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
        prospects.append(_prospects(world))

    for number, spoiled in ((2, patch), (3, record)):
        good = spoiled.read_text()
        spoiled.write_text(good.replace('"valid"', '"superseded"') if spoiled == record else f"{good}more\n")
        resumed(number, "needs_attention")
        spoiled.write_text(good)
    resumed(4, "done")
    assert prospects[0] == (True, True, ["it may be resumed, in the same conversation"])
    resumable, rebuildable, told = prospects[1]
    assert (resumable, rebuildable, told[0]) == (True, False, prospects[0][2][0])
    assert told[1].startswith(
        "its worktree cannot be rebuilt: the checkpoint of step 0 of job cannot be used: its patch"
    )
    resumable, rebuildable, told = prospects[2]
    assert (resumable, rebuildable) == (False, False)
    assert told[0].startswith("it cannot be resumed: the checkpoint of step 0 of job cannot be used: ")
    assert prospects[3] == (None, None, [])
    assert run.attempt(1, 1) == before
    assert run.outcomes(0) == ["success"] and run.outcomes(1) == [*["queue_retry"] * 3, "success"]
    assert [run.attempt(1, number)["jobAttempt"] for number in (1, 2, 3, 4)] == [1, 2, 3, 4]
    refused = world.agency("resume", "job", "--detached")
    assert (refused.code, refused.error_code) == (1, "E_JOB_ENDED")


@pytest.mark.case(26, "DOC-REQ-008")
def test_a_job_that_is_killed_while_it_waits_to_try_again_begins_no_attempt(world: World) -> None:
    run = begin(world, {"form": [deeds(["limited", 60]), writes("form.html")]})
    assert run.wait_told("self_heal.triggered")["delaySeconds"] >= 60
    run.wait_for_screen("another attempt follows")
    world.ok("kill", "job")
    assert run.outcomes() == ["retrying"] and run.told("step.attempt.started", attempt=2) == []
    assert not run.agents()
    world.ok("resume", "job", "--detached")
    run.worker()
    run.ask("retry-step")
    run.ended()
    started = [one["startedBy"] for one in run.told("step.attempt.started")]
    assert started == ["first", "operator"], (
        "what the server asked to wait for is waited for, unless an operator wants otherwise"
    )


@pytest.mark.case(48, "DOC-REQ-009")
def test_what_an_operator_asked_of_a_worker_that_died_is_done_once_by_the_next(world: World) -> None:
    run = begin(world, {"form": [deeds(["say", "I wait"], NEVER), writes("form.html")]})
    run.wait_told("step.attempt.started")
    run.ask("pause")
    asked = json.loads(run.ask("retry-step", "--reason", "again, please", "--json").out)["data"]
    assert asked["state"] == "acknowledged"
    run.kill_worker()
    log = run.directory / "events.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    # as killed before it told of that, and of anything later
    log.write_text("".join(takewhile(lambda line: asked["command_id"] not in line, lines)))
    world.ok("resume", "job", "--detached")
    run.wait_told("control.recovery.ack")
    run.wait_told("control.pause.active")
    assert run.status() == "paused"
    run.ask("unpause", "--wait")
    run.ended()
    for name in ("control", *(f"control.recovery.{name}" for name in ("requested", "ack", "applied"))):
        assert len(run.told(name, commandId=asked["command_id"])) == 1, name
    story = run.story()
    assert story.index("control.recovery.requested") < story.index("control.recovery.ack")
    assert run.outcomes() == ["lost", "success"]
    assert run.attempt(0, 2)["startedBy"] == "operator"
    assert run.attempt(0, 2)["retryContext"]["operator_message"] == "again, please"
