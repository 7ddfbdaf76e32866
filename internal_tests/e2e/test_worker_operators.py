"""What operators may ask of a headless run: it is written down, acknowledged, carried out once, or refused without a trace."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from internal_tests.support.jobs import FAILS, JobRun, begin, deeds, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


def commands(run: JobRun) -> list[dict[str, object]]:
    """What operators asked for, as it is written down."""
    path = run.directory / "control.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def traces(run: JobRun) -> tuple[str, str, object]:
    """What a refused command must leave as it was."""
    return (run.directory / "events.jsonl").read_text(), json.dumps(run.state), commands(run)


@pytest.mark.case(27, "DOC-REQ-008")
@pytest.mark.case(41, "DOC-REQ-009")
@pytest.mark.case(42, "DOC-REQ-009")
@pytest.mark.case(45, "DOC-REQ-009")
@pytest.mark.case(46, "DOC-REQ-009")
def test_a_paused_job_begins_no_attempt_and_the_newest_command_is_what_is_done(world: World) -> None:
    go = world.root / "go"
    plan = {
        "first": [writes("first.txt")],
        "form": [deeds(["say", "I work"], ["wait_for", str(go)], ["fail", "no good"]), writes("form.html")],
        "last": [writes("last.txt")],
    }
    run = begin(world, plan)
    run.wait_told("step.attempt.started", stepIndex=1)
    wait_for(lambda: run.event_names()[-1] == "demo.thread.resumed", "the runner to say which conversation it is in")
    assert run.status() == "working" and "step 2/3 form" in run.row()["summary"]
    before = traces(run)
    for words, code in (
        (("retry-step", "job", "--step", "nothing"), "E_STEP_NOT_FOUND"),
        (("retry-step", "job", "--step", "#9"), "E_STEP_NOT_FOUND"),
        (("resume-from", "job", "--step", "last"), "E_STEP_NOT_REACHED"),
        (("hard-reset", "job", "--reason", "x" * 1001), "E_USAGE"),
        (("resume-from", "job"), "E_USAGE"),
    ):
        refused = world.agency(*words)
        assert refused.code != 0 and refused.error_code == code, (words, refused)
    assert traces(run) == before
    asked = json.loads(run.ask("pause", "--reason", "lunch", "--json").out)["data"]
    (written,) = commands(run)
    assert (written["command_id"], written["action"], written["reason"]) == (asked["command_id"], "pause", "lunch")
    by = written["requested_by"]
    assert isinstance(by, dict) and {"user", "host", "pid"} <= set(by)
    assert run.told("control")[0]["action"] == "pause"
    assert run.outcomes(1) == ["running"], "the attempt goes on to its end"
    go.touch()
    run.wait_told("control.pause.active", status="paused")
    assert run.outcomes(1) == ["retrying"] and run.status() == "paused"
    first = json.loads(run.ask("retry-step", "--json").out)["data"]
    second = json.loads(run.ask("retry-step", "--step", "#2", "--reason", "with care", "--json").out)["data"]
    assert (first["state"], second["state"]) == ("acknowledged", "acknowledged")
    assert (second["step_id"], second["step_index"]) == ("form", 1)
    assert run.wait_told("control.recovery.superseded")["commandId"] == first["command_id"]
    assert run.told("control.recovery.applied") == [] and run.outcomes(1) == ["retrying"]
    assert run.ask("unpause", "--wait").out.startswith("applied: unpause")
    run.ended()
    (applied,) = run.told("control.recovery.applied")
    assert (applied["commandId"], applied["stepId"], applied["reason"]) == (second["command_id"], "form", "with care")
    assert [one["status"] for one in run.told("control.pause.cleared")] == ["running"]
    assert run.outcomes(1) == ["retrying", "success"]
    second_attempt = run.attempt(1, 2)
    assert second_attempt["startedBy"] == "operator"
    assert second_attempt["retryContext"]["operator_message"] == "with care"
    assert run.story(step=1).index("control.recovery.ack") < run.story(step=1).index("control.recovery.applied")


@pytest.mark.case(38, "DOC-REQ-009")
@pytest.mark.case(44, "DOC-REQ-009")
@pytest.mark.case(41, "DOC-REQ-009")
@pytest.mark.case(32, "DOC-REQ-005", "DOC-REQ-007")
def test_a_job_that_has_ended_is_taken_up_by_an_operator_from_the_step_that_they_name(world: World) -> None:
    plan = {
        "one": [deeds(["append", "same.txt", "one\n"], ["binary", "data.bin", 300], ["chmod", "data.bin", "755"])],
        "two": [
            deeds(
                ["append", "same.txt", "two\n"], ["rename", "README.md", "docs/read me.md"], ["symlink", "link", "x"]
            ),
            deeds(["append", "same.txt", "TWO\n"], ["prompt", str(world.root / "prompt")]),
        ],
        "three": [deeds(["append", "same.txt", "three\n"])],
    }
    run = begin(world, plan).ended()
    wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
    assert (run.worktree / "same.txt").read_text() == "one\ntwo\nthree\n"
    before = traces(run)
    for action in ("pause", "unpause", "release"):
        assert world.agency(action, "job").error_code == "E_JOB_ENDED"
    assert traces(run) == before
    ordered = json.loads(run.ask("resume-from", "--step", "two", "--reason", "in capitals", "--wait", "--json").out)[
        "data"
    ]
    assert (ordered["state"], ordered["step_id"], ordered["step_index"]) == ("applied", "two", 1)
    wait_for(lambda: run.status() == "done", "the job to be done again")
    assert (run.worktree / "same.txt").read_text() == "one\nTWO\nthree\n"
    assert (run.worktree / "data.bin").stat().st_mode & 0o777 == 0o755 and (run.worktree / "README.md").exists()
    (told,) = run.told("resume.from_step")
    assert (told["trigger"], told["commandId"], told["fromStepIndex"]) == ("operator", ordered["command_id"], 1)
    checkpoint = json.loads((run.directory / "state/steps/step-0000.json").read_text())
    (replayed,) = told["replayedSteps"]
    assert replayed["index"] == 0 and replayed["patchSha256"] == checkpoint["patchSha256"]
    assert told["baseCommit"] == run.meta["base_commit"]
    superseded = sorted(path.name for path in (run.directory / "state/steps").glob("*superseded*"))
    assert len(superseded) == 2
    assert run.outcomes(0) == ["success"] and run.outcomes(1) == run.outcomes(2) == ["success", "success"]
    assert run.state["operator_resets"] == 1 and run.state["resets_used"] == 0
    prompt = (world.root / "prompt").read_text()
    assert "in capitals" in prompt and "Your earlier edits were discarded" in prompt
    evidence = Path(f"{run.directory}/evidence/reset-0001")
    assert (evidence / "same.txt").read_text() == "one\ntwo\nthree\n" and (evidence / "docs/read me.md").exists()


@pytest.mark.case(26, "DOC-REQ-008")
@pytest.mark.case(47, "DOC-REQ-009")
@pytest.mark.case(50, "DOC-REQ-009")
def test_a_rebuild_ends_the_attempt_at_once_and_while_paused_it_waits_for_the_job_to_go_on(world: World) -> None:
    hangs = deeds(["write", "left.txt", "half\n"], ["say", "I wait"], ["wait_for", "/never/there"])
    run = begin(world, {"form": [hangs, hangs, writes("form.html")]})
    run.wait_told("step.attempt.started")
    wait_for(lambda: (run.worktree / "left.txt").exists(), "the agent to be at work")
    assert run.ask("hard-reset", "--reason", "start over", "--wait").out.startswith("applied: hard reset step")
    run.wait_told("step.attempt.started", attempt=2)
    assert run.outcomes()[:1] == ["cancelled"] and run.attempt(0, 1)["failureClass"] is None
    wait_for(lambda: (run.worktree / "left.txt").exists(), "the agent to be at work again")
    with ThreadPoolExecutor(8) as many:
        asked = list(many.map(lambda number: run.ask("pause", "--reason", f"no. {number}"), range(4)))
    assert len(asked) == 4 and {f"no. {number}" for number in range(4)} < {one["reason"] for one in commands(run)}
    assert len({one["command_id"] for one in commands(run)}) == 5
    late = json.loads(run.ask("hard-reset", "--json").out)["data"]
    assert late["state"] == "acknowledged"
    run.wait_told("control.pause.active")
    wait_for(lambda: run.outcomes() == ["cancelled", "cancelled"], "the attempt to be ended")
    assert (run.worktree / "left.txt").exists() and len(run.told("control.recovery.applied")) == 1
    assert len(run.told("step.attempt.started")) == 2
    run.ask("unpause")
    run.ended()
    assert not (run.worktree / "left.txt").exists() and (run.worktree / "form.html").exists()
    assert [one["commandId"] for one in run.told("control.recovery.applied")][1:] == [late["command_id"]]
    told = [one["commandId"] for one in run.told("control")]
    assert sorted(told) == sorted(str(one["command_id"]) for one in commands(run)), "each is told, and once"
    assert run.state["steps"][0]["consumed"] == 0


@pytest.mark.case(26, "DOC-REQ-008")
def test_ctrl_c_in_the_pane_ends_the_attempt_and_holds_the_job(world: World) -> None:
    hangs = deeds(["say", "I wait"], ["wait_for", "/never/there"])
    run = begin(world, {"form": [hangs, FAILS, writes("form.html")]})
    run.wait_for_screen("I wait")
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "C-c")
    run.wait_told("control.pause.active", status="paused")
    assert run.outcomes() == ["cancelled"] and not run.agents() and run.status() == "paused"
    (stop,) = commands(run)
    assert stop["action"] == "pause"
    run.wait_for_screen("agency unpause job")
    run.ask("unpause")
    run.ended()
    assert run.outcomes() == ["cancelled", "retrying", "success"]


@pytest.mark.case(42, "DOC-REQ-009")
def test_an_interactive_run_has_no_worker_to_ask(world: World) -> None:
    world.run("plain")
    for words in (("pause", "plain"), ("hard-reset", "plain"), ("steps", "plain"), ("attempts", "plain")):
        assert world.agency(*words).error_code == "E_NO_JOB"
