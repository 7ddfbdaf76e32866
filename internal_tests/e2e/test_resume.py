"""``agency resume``: back into the session of a run, whatever became of it."""

import shutil

import pytest

from internal_tests.support.endings import exit_runner
from internal_tests.support.footprint import ToolLog, footprint
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World, demo_config


def resume(world: World, name: str, *words: str) -> str:
    """Resume detached and return the one event that this appended."""
    run = world.find(next(row["run_id"] for row in world.runs() if row["name"] == name))
    before = len(run.events)
    assert world.ok("resume", name, "--detached", *words).out == f"ok: session {run.session} ready\n"
    (event,) = run.event_names()[before:]
    return event


def test_a_live_session_is_left_as_it_is(world: World) -> None:
    run = world.run("live")
    before = run.pane()
    assert resume(world, "live") == "resume_attach"
    assert run.pane() == before
    assert run.events[-1]["data"] == {
        "session_name": run.session,
        "runner": "demo",
        "detached": True,
        "restart": False,
    }


def test_a_missing_session_is_made_in_the_worktree(world: World) -> None:
    run = world.run("missing")
    world.ok("kill", "missing")
    assert resume(world, "missing") == "resume_create"
    assert world.sessions() == [run.session]
    run.wait_for_screen(f"demo agent ready in {run.worktree}")
    assert run.pane()["cwd"] == str(run.worktree)
    assert "revived" not in run.events[-1]["data"]


def test_an_exited_runner_is_revived_in_its_own_pane(world: World) -> None:
    run = exit_runner(world.run("ended"))
    before = run.pane()
    assert resume(world, "ended") == "resume_create"
    after = run.pane()
    assert (after["pane_id"], after["dead"]) == (before["pane_id"], "0")
    assert after["pid"] != before["pid"]
    assert after["cwd"] == str(run.worktree)
    assert run.events[-1]["data"]["revived"] is True
    assert run.status() == "active"


def test_a_viewer_of_a_dead_pane_sees_the_runner_come_back(world: World) -> None:
    run = exit_runner(world.run("viewed"))
    with agency_in_terminal(world, "attach", "viewed") as terminal:
        terminal.shows("the runner exited with code 4")
        resume(world, "viewed")
        terminal.type("hello again")
        terminal.shows("you said: hello again")
        assert terminal.running
    assert run.status() == "active"


def test_a_runner_whose_pane_was_closed_comes_back_beside_the_users_pane(world: World) -> None:
    run = world.run("closed")
    users = world.tmux_ask("split-window", "-d", "-P", "-F", "#{pane_id}", "-t", f"={run.session}:").stdout.strip()
    world.tmux_ask("kill-pane", "-t", run.pane()["pane_id"])
    assert run.row()["runner_alive"] is False
    assert resume(world, "closed") == "resume_create"
    assert run.row()["runner_alive"] is True
    panes = world.tmux_ask("list-panes", "-s", "-t", f"={run.session}:", "-F", "#{pane_id} #{@agency_runner}")
    assert sorted(panes.stdout.split("\n")[:-1])[0] == f"{users} "
    assert panes.stdout.count(" 1\n") == 1


def test_json_tells_what_was_done(world: World) -> None:
    run = exit_runner(world.run("told"))
    result = world.ok("resume", "told", "--json").data
    assert result == {
        "run_id": run.id,
        "name": "told",
        "tmux": run.session,
        "event": "resume_create",
        "revived": True,
    }


def test_no_script_runs(world: World) -> None:
    marks = world.root / "marks"
    script = f"echo ran >> {marks}"
    scripts = "".join(f'  {name}: {{command: ["sh", "-c", "{script}"]}}\n' for name in ("setup", "verify", "archive"))
    world.commit({"agency.yaml": demo_config(more=f"scripts:\n{scripts}")})
    run = world.run("scripts")
    assert marks.read_text() == "ran\n"
    world.ok("kill", "scripts")
    resume(world, "scripts")
    resume(world, "scripts", "--restart", "--yes")
    exit_runner(run)
    resume(world, "scripts")
    assert marks.read_text() == "ran\n"


@pytest.mark.parametrize("ending", ["kill", "exit", "none"])
def test_git_is_neither_called_nor_changed(world: World, ending: str) -> None:
    run = world.run("git")
    if ending == "kill":
        world.ok("kill", "git")
    elif ending == "exit":
        exit_runner(run)
    log = ToolLog(world, "git")
    before = footprint(world.repo, run.worktree)
    assert world.agency("resume", "git", "--detached", env=log.env).code == 0
    assert log.calls() == []
    assert world.agency("resume", "git", "--detached", "--restart", "--yes", env=log.env).code == 0
    run.wait_for_screen("demo agent ready")
    assert footprint(world.repo, run.worktree) == before
    assert all(" status " in call for call in log.calls()), (
        "a restart looks whether there is something to be kept first"
    )


def test_the_record_is_never_written(world: World) -> None:
    run = world.run("record")
    record = run.directory / "meta.json"
    before = (record.read_bytes(), record.stat().st_mtime_ns, record.stat().st_ino)
    world.ok("stop", "record")
    run.wait_for_exit()
    resume(world, "record")
    resume(world, "record", "--restart", "--yes")
    world.ok("kill", "record")
    resume(world, "record")
    assert (record.read_bytes(), record.stat().st_mtime_ns, record.stat().st_ino) == before


def test_the_runner_sees_the_environment_of_the_resuming_call(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--show", "FAVOURITE"])})
    run = world.run("env")
    run.wait_for_screen("FAVOURITE=<unset>")
    world.ok("kill", "env")
    assert world.agency("resume", "env", "--detached", env={"FAVOURITE": "blue & 'green'\nand red"}).code == 0
    run.wait_for_screen("FAVOURITE=blue & 'green'\nand red")
    exit_runner(run)
    assert world.agency("resume", "env", "--detached", env={"FAVOURITE": "black"}).code == 0
    run.wait_for_screen("FAVOURITE=black")


def test_the_runner_sees_the_variables_of_its_own_run_only(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--show", "AGENCY_NAME"])})
    run = world.run("mine")
    world.ok("kill", "mine")
    assert world.agency("resume", "mine", "--detached", env={"AGENCY_NAME": "other", "AGENCY_X": "1"}).code == 0
    run.wait_for_screen("AGENCY_NAME=mine")
    environment = world.tmux_ask("show-environment", "-g").stdout
    assert "AGENCY_NAME" not in environment
    assert "AGENCY_X" not in environment


def test_arguments_of_the_runner_are_used_again(world: World) -> None:
    run = world.run("args", "--", "--show", "HOME")
    run.wait_for_screen(f"HOME={world.home}")
    world.ok("kill", "args")
    resume(world, "args")
    run.wait_for_screen(f"HOME={world.home}")


def test_a_worktree_deleted_by_hand_is_told_before_tmux_is_called(world: World) -> None:
    run = world.run("deleted")
    world.ok("kill", "deleted")
    shutil.rmtree(run.worktree)
    before = len(run.events)
    log = ToolLog(world, "tmux")
    result = world.agency("resume", "deleted", "--detached", env=log.env)
    assert (result.code, result.error_code, result.out) == (1, "E_WORKTREE_MISSING", "")
    assert "hint: agency restore deleted" in result.err
    assert log.calls() == []
    (event,) = run.events[before:]
    assert event["event"] == "resume_failed"
    assert event["data"] == {"session_name": run.session, "reason": "missing"}


def test_an_archived_run_named_by_its_id_is_told_as_archived(world: World) -> None:
    run = world.run("archived")
    world.ok("clean", "archived", "--yes")
    before = len(run.events)
    result = world.agency("resume", run.id, "--detached")
    assert (result.code, result.error_code) == (1, "E_WORKTREE_MISSING")
    assert f"hint: agency restore {run.id}" in result.err
    (event,) = run.events[before:]
    assert event["data"] == {"session_name": run.session, "reason": "archived"}


def test_the_name_of_an_archived_run_is_not_found_and_restore_is_named(world: World) -> None:
    run = world.run("archived")
    world.ok("clean", "archived", "--yes")
    before = len(run.events)
    result = world.agency("resume", "archived", "--detached")
    assert (result.code, result.error_code) == (1, "E_RUN_NOT_FOUND")
    assert f"hint: agency restore {run.id}" in result.err
    assert len(run.events) == before


def test_without_a_terminal_resume_needs_detached(world: World) -> None:
    run = world.run("pipe")
    world.ok("kill", "pipe")
    before = run.event_names()
    result = world.agency("resume", "pipe")
    assert (result.code, result.error_code) == (1, "E_NOT_INTERACTIVE")
    assert run.event_names() == before
    assert world.sessions() == []


def test_sixty_four_at_once_make_one_session(world: World) -> None:
    run = world.run("crowd")
    world.ok("kill", "crowd")
    before = len(run.events)
    callers = [world.spawn("resume", "crowd", "--detached", "--lock-timeout", "60s") for _ in range(64)]
    outcomes = [(*caller.communicate(timeout=120), caller.returncode) for caller in callers]
    line = f"ok: session {run.session} ready\n".encode()
    assert [(out, code) for out, _, code in outcomes] == [(line, 0)] * 64
    assert world.sessions() == [run.session]
    assert sorted(run.event_names()[before:]) == ["resume_attach"] * 63 + ["resume_create"]
    wait_for(lambda: len(list((run.directory / "launches").iterdir())) == 2, "one launch more")
