"""``agency resume --all``: every run of the repo gets its session back, after a reboot for one."""

import shutil

from internal_tests.support.endings import exit_runner
from internal_tests.support.world import World


def test_after_a_reboot_every_run_is_lost_and_comes_back(world: World) -> None:
    runs = [world.run(name) for name in ("one", "two", "three")]
    world.reboot(*runs)
    assert [run.status() for run in runs] == ["lost (reboot)"] * 3
    result = world.ok("resume", "--all", "-d")
    assert result.out.splitlines() == [f"ok: {run.name} session {run.session} ready" for run in runs]
    assert sorted(world.sessions()) == sorted(run.session for run in runs)
    for run in runs:
        run.wait_for_screen(f"demo agent ready in {run.worktree}")
        assert run.event_names()[-1] == "resume_create"
        assert run.status() == "active"


def test_a_run_that_was_killed_by_you_stays_stopped(world: World) -> None:
    killed, lost = world.run("killed"), world.run("lost")
    world.ok("kill", "killed")
    world.reboot(killed, lost)
    assert world.ok("resume", "--all", "-d").out.splitlines() == [
        "ok: killed skipped: stopped by you",
        f"ok: lost session {lost.session} ready",
    ]
    assert world.sessions() == [lost.session]
    assert killed.event_names()[-1] == "kill_session"


def test_live_runs_are_left_as_they_are_and_exited_ones_revived(world: World) -> None:
    live, ended = world.run("live"), world.run("ended")
    exit_runner(ended)
    before = live.pane()
    world.ok("resume", "--all", "--detached")
    assert live.pane() == before
    assert live.event_names()[-1] == "resume_attach"
    assert ended.events[-1]["data"]["revived"] is True


def test_it_needs_no_terminal_and_never_attaches(world: World) -> None:
    run = world.run("plain")
    world.kill_tmux_server()
    assert world.ok("resume", "--all").out == f"ok: plain session {run.session} ready\n"


def test_a_run_that_fails_does_not_hold_up_the_others(world: World) -> None:
    bad, good = world.run("bad"), world.run("good")
    world.reboot(bad, good)
    shutil.rmtree(bad.worktree)
    result = world.agency("resume", "--all", "-d")
    assert result.code == 1
    first, second = result.out.splitlines()
    assert first.startswith("E_WORKTREE_MISSING: bad ")
    assert second == f"ok: good session {good.session} ready"
    assert good.status() == "active"


def test_json_tells_each_result(world: World) -> None:
    run = world.run("told")
    world.kill_tmux_server()
    assert world.ok("resume", "--all", "--json").data == [
        {"run_id": run.id, "name": "told", "ok": True, "result": f"session {run.session} ready", "error": None}
    ]


def test_restart_of_all_without_yes_ends_no_living_runner(world: World) -> None:
    live, gone = world.run("live"), world.run("gone")
    exit_runner(gone)
    before = live.pane()
    result = world.agency("resume", "--all", "--restart")
    assert result.code == 1
    assert result.out.splitlines()[0].startswith("E_CONFIRMATION_REQUIRED: live ")
    assert live.pane() == before
    assert gone.event_names()[-1] == "resume_restart"
