"""The worker, its tmux server and both are killed while a hard reset is under way; resume finishes it, once. While an attempt is
under way: :mod:`internal_tests.e2e.test_worker_resume`."""

import json

import pytest

from internal_tests.chaos.invariants import check_records
from internal_tests.chaos.jobinvariants import check_nothing_left
from internal_tests.support.endings import lives
from internal_tests.support.jobs import FAILS, JobRun, use_plan, write_job, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

SETUP = """#!/bin/sh
echo $$ >> "{root}/setups"
[ ! -e "{root}/hold" ] || exec sleep 1000
"""


@pytest.mark.case(36, "DOC-REQ-005")
@pytest.mark.case(30, "DOC-REQ-008", "DOC-REQ-010")
def test_a_hard_reset_whose_worker_was_killed_in_any_way_is_finished_once_by_resume(world: World) -> None:
    setups, hold = world.root / "setups", world.root / "hold"
    script = world.root / "setup"
    script.write_text(SETUP.format(root=world.root))
    script.chmod(0o755)
    use_plan(world, {"first": [writes("first.txt")], "form": [FAILS, FAILS, writes("form.html")]})
    settings = json.loads((world.repo / "agency.yaml").read_text())
    world.commit({"agency.yaml": json.dumps({**settings, "scripts": {"setup": {"command": [str(script)]}}})})
    begun = world.ok("run", "--name", "job", "--headless", "--job", write_job(world, ["first", "form"]), "--detached")
    hold.touch()
    run = JobRun(world, world.find(begun.pairs["run_id"]).directory)
    for number, end in enumerate(("ctrl-c", "worker", "tmux", "both"), 2):
        wait_for(lambda: len(setups.read_text().splitlines()) == number, f"setup no. {number}")  # noqa: B023
        *before, setup = (int(pid) for pid in setups.read_text().split())
        assert lives(setup) and not any(lives(pid) for pid in before), "the setup of a worker that was killed goes on"
        assert not run.agents() and run.outcomes(1) == ["retrying", "retrying"]
        if end == "ctrl-c":
            world.tmux_ask("send-keys", "-t", f"={run.session}:", "C-c")
            run.wait_told("control.pause.active", status="paused")
            assert not lives(setup) and run.outcomes(1) == ["retrying", "retrying"]
            run.ask("unpause")
            continue
        assert world.ok("resume", "job", "--detached") and run.event_names()[-1] == "resume_attach"
        if end != "tmux":
            run.kill_worker()
        if end != "worker":
            world.kill_tmux_server()
        check_records(world)
        if end == "both":
            hold.unlink()
        world.ok("resume", "job", "--detached")
    run.ended()
    wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
    names = [event["event"] for event in run.events]
    counts = {name: names.count(f"hard_reset_{name}") for name in ("started", "swapped", "finished")}
    assert counts == {"started": 1, "swapped": 1, "finished": 1}
    assert len(run.told("resume.from_step")) == 1 and run.state["resets_used"] == 1
    assert run.outcomes(1) == ["retrying", "retrying", "success"]
    assert [path.name for path in run.directory.glob("evidence/*")] == ["reset-0001"]
    assert {"first.txt", "form.html"} <= {path.name for path in run.worktree.iterdir()}
    world.kill_tmux_server()
    check_nothing_left(run)
