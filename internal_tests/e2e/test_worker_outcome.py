"""How a job ends and how that is told: exit codes, statuses, what is asked of a person, and what becomes of the work."""

import json
import sys
import time
from pathlib import Path

import pytest

from internal_tests.support.gate import Gate
from internal_tests.support.jobs import FAILS, JobRun, begin, deeds, impatient, step, use_plan, write_job, writes
from internal_tests.support.landing import subjects
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_NOTE = """
import os, sys
with open(sys.argv[1], "a") as file:
    file.write(os.environ["AGENCY_STATUS"] + ": " + os.environ["AGENCY_SUMMARY"] + "\\n")
"""


def told_by_notify(world: World) -> str:
    """From now on what the user is notified of is added to a file, whose path this is."""
    note, told = world.root / "note.py", world.root / "notified"
    note.write_text(_NOTE)
    told.touch()
    (world.config / "config.yaml").write_text(
        f"version: 1\nnotify: {json.dumps({'command': [sys.executable, str(note), str(told)]})}\n"
    )
    return str(told)


@pytest.mark.case(12, "DOC-REQ-008")
@pytest.mark.case(11, "DOC-REQ-008")
@pytest.mark.case(51, "DOC-REQ-011")
def test_wait_tells_by_its_exit_code_how_the_job_ended_and_ls_by_a_status(world: World) -> None:
    world.env["STATSD_HOST"] = "no-such-host.invalid"
    plan = {
        "good": [writes("a")],
        "stuck": [FAILS],
        "wrong": [deeds(["fail", "error: unknown option '--colour'", 2])],
    }
    use_plan(world, plan)
    waiting = {}
    for name in plan:
        file = write_job(world, [name], budgets={"max_attempts": 1})
        words = ("run", name, "--headless", "--job", file, "--wait")
        waiting[name] = world.spawn(*words)
        wait_for(lambda: any(row["name"] == name for row in world.runs()), "the run")  # noqa: B023
    codes, said = {}, {}
    for name, process in waiting.items():
        out, err = process.communicate(timeout=60)
        codes[name], said[name] = process.returncode, (out.decode().strip(), err.decode())
    assert codes == {"good": 0, "stuck": 3, "wrong": 4}
    assert {name: out for name, (out, _) in said.items()} == {
        "good": "done",
        "stuck": "needs attention",
        "wrong": "failed",
    }
    assert "no attempt is left" in said["stuck"][1] and "trying again cannot help" in said["wrong"][1]
    rows = {row["name"]: (row["derived_status"], row["summary"]) for row in world.runs()}
    assert {name: status for name, (status, _) in rows.items()} == {name: out for name, (out, _) in said.items()}
    assert "the field has no width" in rows["stuck"][1] and "unknown option" in rows["wrong"][1]
    assert [world.agency("wait", name, "--for", "done").code for name in plan] == [0, 3, 4]
    wrong = JobRun(world, world.find(next(row["run_id"] for row in world.runs() if row["name"] == "wrong")).directory)
    recovery = json.loads((wrong.directory / "recovery.json").read_text())
    assert (recovery["retryable"], recovery["lastGoodStep"]) == (False, None) and recovery["blockedReason"]
    assert "agency retry-step wrong" in wrong.screen() and "agency hard-reset wrong" in wrong.screen()
    refused = world.agency("run", "--headless", "--prompt", "x", "--job", "y", "--detached")
    assert refused.code == 2
    assert len(world.runs()) == 3


def test_a_runner_that_waits_for_a_person_is_not_stuck_and_the_person_is_notified(world: World) -> None:
    told, answer = told_by_notify(world), world.root / "answer"
    asks = deeds(
        ["status", "needs_input", "How wide shall it be?"],
        ["wait_for", str(answer)],
        ["status", "working"],
        ["tick", 0.3, 0.1],
        ["write", "form.css", "wide\n"],
    )
    gives_up = deeds(["status", "needs_input", "And how high?"])
    run = begin(
        world,
        {"style": [asks], "more": [gives_up, writes("more.css")]},
        steps=[impatient("style", timeout="2s"), "more"],
    )
    told_of = run.wait_told("waiting")
    assert (told_of["detail"], told_of["stepId"], told_of["attempt"]) == ("How wide shall it be?", "style", 1)
    assert run.row()["derived_status"] == "waiting" and run.row()["summary"] == "How wide shall it be?"
    run.wait_for_screen("it needs an answer: How wide shall it be?")
    since = run.agents()[0].create_time()
    wait_for(lambda: time.time() - since > 2.5, "longer than both timers", every=0.1)
    assert run.outcomes() == ["running"]
    answer.touch()
    run.wait_told("waiting.cleared", stepIndex=0)
    run.ended("needs_attention")
    assert run.outcomes(0) == ["success"] and run.attempt(0, 1)["wallClockSeconds"] < 2.0
    assert run.outcomes(1) == ["needs_attention"]
    assert run.status() == "needs attention" and "And how high?" in run.row()["summary"]
    wait_for(lambda: "the job stopped" in Path(told).read_text(), "the second notification")
    lines = Path(told).read_text().splitlines()
    assert (lines[0], lines[-1]) == (
        "waiting: How wide shall it be?",
        "waiting: the job stopped: it needs an answer: And how high?",
    )
    run.ask("retry-step", "--reason", "As high as wide.")
    wait_for(lambda: run.status() == "done", "the job to be done")
    assert run.outcomes(1) == ["needs_attention", "success"]
    wait_for(lambda: Path(told).read_text().splitlines()[-1] == "done: the job is done", "the last notification")


def test_work_is_committed_and_pushed_or_landed_where_the_job_says_so(world: World) -> None:
    remote = world.root / "remote.git"
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    world.git("remote", "add", "origin", str(remote))
    plan = {"pushed": [writes("pushed.txt")], "landed": [writes("landed.txt")]}
    use_plan(world, plan)
    world.git("push", "--quiet", "origin", "main")
    pushed = begin(world, plan, "--publish", "push", name="pushed", steps=["pushed"], objective="Write and push")
    file = write_job(world, ["landed"], publish="land", objective="Write and land")
    landed = world.agency("run", "landed", "--headless", "--job", file, "--wait")
    pushed.ended()
    assert pushed.told("finished")[0]["published"] == "push"
    assert world.git("show", f"{pushed.branch}:pushed.txt", cwd=remote) == "made"
    assert world.git("log", "-1", "--format=%s", pushed.branch, cwd=remote) == "Write and push"
    assert (landed.code, landed.out.strip()) == (0, "merged"), landed
    assert subjects(world)[0] == "Write and land" and (world.repo / "landed.txt").read_text() == "made\n"


def test_work_that_cannot_be_landed_needs_a_person_and_stays(world: World) -> None:
    go = world.root / "go"
    plan = {"mine": [deeds(["write", "same.txt", "mine\n"], ["wait_for", str(go)])]}
    run = begin(world, plan, steps=[step("mine")], publish="land")
    run.wait_told("step.attempt.started")
    wait_for(lambda: (run.worktree / "same.txt").exists(), "the file")
    world.commit({"same.txt": "theirs\n"})
    go.touch()
    run.ended("needs_attention")
    assert run.status() == "needs attention" and "land failed" in run.row()["summary"]
    assert (run.worktree / "same.txt").read_text() == "mine\n"
    assert subjects(world)[0] == "change" and not run.archived
    assert run.story()[-2:] == ["step.finished", "finished"], "the step is accepted all the same"
    assert json.loads((run.directory / "recovery.json").read_text())["lastGoodStep"]["stepId"] == "mine"
    run.wait_for_screen("agency land job")
    wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
    world.git("rm", "--quiet", "same.txt")
    world.git("commit", "--quiet", "--message=gone")
    world.ok("resume", "job", "--detached")
    wait_for(lambda: run.archived, "the work to be landed")
    assert (world.repo / "same.txt").read_text() == "mine\n"
    wait_for(lambda: not any(name.startswith("python") for name in world.program_names()), "the worker to end")


def test_a_worker_that_is_told_to_end_while_work_is_landed_leaves_that_to_the_next(world: World) -> None:
    gate = Gate(world)
    use_plan(world, {"mine": [writes("mine.txt")]})
    described = json.loads((world.repo / "agency.yaml").read_text())
    described["scripts"] = {"verify": {"command": ["/bin/sh", "-c", gate.shell]}}
    world.commit({"agency.yaml": json.dumps(described)})
    file = write_job(world, ["mine"], publish="land", objective="Write and land")
    made = world.ok("run", "--name", "job", "--headless", "--job", file, "--detached")
    run = JobRun(world, world.find(made.pairs["run_id"]).directory)
    gate.wait()
    run.worker().terminate()
    wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
    assert (run.state["outcome"], run.told("finished")) == (None, [])
    assert not (run.directory / "recovery.json").exists() and run.status() != "needs attention"
    gate.stand_open()
    world.ok("resume", "job", "--detached")
    wait_for(lambda: run.archived, "the work to be landed")
    assert subjects(world)[0] == "Write and land"
    wait_for(lambda: not any(name.startswith("python") for name in world.program_names()), "the worker to end")
