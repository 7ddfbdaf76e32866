"""Bad days of the tmux server: it dies, hangs, loses its socket or is set up in ways that break naive tools."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import libtmux
import psutil
import pytest

from internal_tests.support.endings import STUBBORN, exit_runner, lives, runner_process, stubborn_process
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, SeenRun, World, demo_config

CONFIGS = {
    "numbers": "set -g base-index 1\nset -g pane-base-index 1\nset -g renumber-windows on\n",
    "destroy": "set -g destroy-unattached on\nset -g exit-unattached on\nset -g detach-on-destroy off\n",
    "no-remain": "set -g remain-on-exit off\n",
    "command": "set -g default-command 'sleep 1000'\nset -g default-shell /bin/false\n",
    "status": "set -g status 2\nset -g status-left '#(echo hi)#{?x,|||'\nset -g status-position top\nset -g set-titles on\n",
    "mistake": "set -g no-such-option on\nthis is not tmux\nset -g base-index 1\n",
    "unbalanced": "set -g base-index 1\nif-shell true {\n  set -g status off\n",
    "prefix": "unbind C-b\nset -g prefix C-a\nset -g history-limit 10\n",
    "names": "set -g automatic-rename on\nset -g allow-rename on\nset -g default-terminal 'screen'\n",
}


@pytest.fixture(params=sorted(CONFIGS))
def conf(request: pytest.FixtureRequest, world: World) -> str:
    """A ``~/.tmux.conf`` of the user."""
    (world.home / ".tmux.conf").write_text(CONFIGS[request.param])
    return str(request.param)


@contextmanager
def hung(world: World) -> Iterator[None]:
    """The tmux server answers nothing during the block."""
    pid = world.tmux_server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_every_job_works_whatever_the_users_tmux_is_set_to(world: World, conf: str) -> None:
    run = world.run("settings")
    run.wait_for_screen(f"demo agent ready in {run.worktree}")
    exit_runner(run, 3)
    assert run.status() == "exited (3)"
    world.ok("resume", "settings", "--detached")
    run.type("still here")
    run.wait_for_screen("you said: still here")
    first = run.pane()
    world.ok("resume", "settings", "--restart", "--yes", "--detached")
    assert run.pane()["pane_id"] == first["pane_id"]
    world.ok("kill", "settings")
    assert run.session not in world.sessions()
    world.ok("resume", "settings", "--detached")
    assert run.status() == "active"


def test_attaching_and_leaving_ends_nothing_whatever_the_users_tmux_is_set_to(world: World, conf: str) -> None:
    run, other = world.run("viewed"), world.run("other")
    with agency_in_terminal(world, "attach", "viewed") as terminal:
        terminal.shows("demo agent ready")
        terminal.press(*(("C-a", "d") if conf == "prefix" else ("C-b", "d")))
        assert terminal.ended() == 0
    assert [run.status(), other.status()] == ["active", "active"]


def test_the_users_keys_and_looks_are_there(world: World) -> None:
    (world.home / ".tmux.conf").write_text("set -g prefix C-a\nset -g status-right 'my-status'\n")
    world.run("mine")
    with agency_in_terminal(world, "attach", "mine") as terminal:
        terminal.shows("my-status")
        terminal.press("C-a", "d")
        assert terminal.ended() == 0


def test_after_the_server_was_killed_everything_comes_back(world: World) -> None:
    runs = [world.run("one"), world.run("two")]
    world.kill_tmux_server()
    assert world.socket.exists(), "the stale socket is part of the test"
    assert [run.status() for run in runs] == ["lost (tmux died)"] * 2
    assert world.agency("attach", "one").error_code == "E_NOT_INTERACTIVE"
    with agency_in_terminal(world, "attach", "one") as terminal:
        assert terminal.ended() == 1
        assert "E_SESSION_NOT_FOUND" in terminal.screen
    for run in runs:
        world.ok("resume", run.name, "--detached")
        run.wait_for_screen(f"demo agent ready in {run.worktree}")
        assert run.event_names()[-1] == "resume_create"


def test_a_runner_that_outlived_the_server_is_ended_before_another_is_started(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more=STUBBORN)})
    run = world.run("orphan", "--runner", "stubborn")
    orphan = stubborn_process(run)
    world.kill_tmux_server()
    assert lives(orphan.pid)
    world.ok("resume", "orphan", "--detached")
    assert not lives(orphan.pid)
    assert runner_process(run).pid != orphan.pid
    world.ok("kill", "orphan")


def test_a_stale_socket_is_no_session(world: World) -> None:
    run = world.run("stale")
    world.kill_tmux_server()
    assert world.ok("kill", "stale").err == "stale has no session\n"
    assert world.ok("stop", "stale").err == "stale has no living runner\n"
    assert run.event_names()[-1] == "run_created"


def test_a_server_that_does_not_answer_is_an_error_and_not_a_missing_session(world: World) -> None:
    run, other = world.run("hung"), world.run("other")
    runner = runner_process(run)
    before = run.event_names()
    with hung(world):
        callers = [
            world.spawn(*words)
            for words in (
                ("ls",),
                ("resume", "hung", "-d"),
                ("stop", "hung"),
                ("kill", "hung"),
                ("clean", "other", "-y"),
            )
        ]
        told = [caller.communicate(timeout=60)[1].decode() for caller in callers]
    assert [caller.returncode for caller in callers] == [1] * 5
    assert all("error_code: E_TIMEOUT" in text for text in told), told
    assert lives(runner.pid)
    assert run.event_names() == before
    assert other.event_names()[-1] == "clean_failed"
    assert other.worktree.is_dir()
    assert [run.status(), other.status()] == ["active", "active"]


def test_a_run_that_a_hung_server_could_not_start_is_told_as_failed_and_never_starts_later(world: World) -> None:
    first = world.run("first")
    with hung(world):
        result = world.agency("run", "-d", "second")
    assert (result.code, result.error_code) == (1, "E_TIMEOUT")
    second = world.find(next(row["run_id"] for row in world.runs() if row["name"] == "second"))
    assert first.status() == "active"
    assert second.row()["runner_alive"] is False
    assert not runners_in(second)
    world.ok("resume", "second", "--detached")
    assert second.status() == "active"
    assert len(runners_in(second)) == 1


def test_a_server_whose_socket_was_deleted_is_found_again(world: World) -> None:
    run = world.run("found")
    before = run.pane()
    world.socket.unlink()
    assert run.status() == "active"
    assert world.socket.exists()
    world.socket.unlink()
    world.ok("resume", "found", "--detached")
    assert run.event_names()[-1] == "resume_attach"
    assert run.pane() == before
    world.socket.unlink()
    with agency_in_terminal(world, "attach", "found") as terminal:
        terminal.shows("demo agent ready")
    world.socket.unlink()
    world.ok("kill", "found")
    assert run.event_names()[-1] == "kill_session"
    assert world.processes() == []


def test_no_other_program_is_signalled_in_the_place_of_a_dead_server(world: World) -> None:
    run = world.run("gone")
    world.kill_tmux_server()
    world.socket.unlink()
    with subprocess.Popen(["sleep", "1000"], env=world.env) as innocent:
        launch = json.loads((run.directory / "session.json").read_text())
        launch = {
            **launch,
            "server_pid": innocent.pid,
            "server_started": str(int(psutil.Process(innocent.pid).create_time())),
        }
        (run.directory / "session.json").write_text(json.dumps(launch))
        assert run.status().startswith("lost")
        world.ok("resume", "gone", "--detached")
        assert lives(innocent.pid)
        innocent.kill()


def test_a_session_whose_name_begins_with_ours_is_never_touched(world: World) -> None:
    run = world.run("prefix")
    longer = f"{run.session}x"
    world.tmux_ask("new-session", "-d", "-s", longer, "sleep 1000")
    assert run.row()["attached"] == 0
    world.ok("kill", "prefix")
    assert world.sessions() == [longer]
    assert run.status() == "stopped"
    assert world.ok("kill", "prefix").err == "prefix has no session\n"
    assert world.ok("stop", "prefix").err == "prefix has no living runner\n"
    with agency_in_terminal(world, "attach", "prefix") as terminal:
        assert terminal.ended() == 1
        assert "E_SESSION_NOT_FOUND" in terminal.screen
    world.ok("resume", "prefix", "--detached")
    assert sorted(world.sessions()) == [run.session, longer]
    world.ok("resume", "prefix", "--restart", "--yes", "--detached")
    world.ok("clean", "prefix", "--yes")
    assert world.sessions() == [longer]


def test_sessions_of_other_programs_on_the_same_server_are_left_alone(world: World) -> None:
    server = libtmux.Server(socket_path=str(world.socket), config_file="/dev/null")
    theirs = server.new_session("editor", window_command="sleep 1000")
    try:
        run = world.run("guest")
        assert [row["name"] for row in world.runs()] == ["guest"]
        world.ok("kill", "--all")
        world.ok("resume", "guest", "--detached")
        world.ok("clean", "guest", "--yes")
        assert [session.name for session in server.sessions] == ["editor"]
        assert theirs.active_pane is not None
        assert lives(str(theirs.active_pane.pane_pid))
        assert run.archived
    finally:
        theirs.kill()


def test_on_a_server_of_the_user_their_options_cannot_end_a_run(world: World) -> None:
    """The server was started by the user, so only the options that agency sets on its own session hold."""
    for option in ("destroy-unattached on", "remain-on-exit off", "detach-on-destroy off", "base-index 1"):
        world.tmux_ask("start-server", ";", "new-session", "-A", "-d", "-s", "mine", "sleep 1000", ";",
                       "set-option", "-g", *option.split())  # fmt: skip
    with agency_in_terminal(world, "run", "--name", "guest") as terminal:
        terminal.shows("demo agent ready")
        terminal.detach()
        assert terminal.ended() == 0
    run = world.find(world.runs()[0]["run_id"])
    assert run.status() == "active"
    exit_runner(run, 3)
    assert (run.status(), run.row()["tmux_active"]) == ("exited (3)", True)


def test_a_runner_that_ends_the_server_it_lives_on_is_told_as_lost(world: World) -> None:
    run = world.run("suicide", "--runner", "shell")
    server = psutil.Process(world.tmux_server_pid() or 0)
    run.type(f"{AGENCY} ls > {world.root}/listed; tmux -S {world.socket} kill-server")
    wait_for(lambda: not lives(server.pid), "the server to end")
    wait_for(lambda: run.status() == "lost (tmux died)", "the loss to be told")
    assert " active " in (world.root / "listed").read_text()
    world.ok("resume", "suicide", "--detached")
    assert run.status() == "active"


def runners_in(run: SeenRun) -> list[int]:
    """The processes of demo agents that work for ``run``."""
    return [
        one.pid
        for one in run.world.processes()
        if one.environ().get("AGENCY_RUN_ID") == run.id and any("demo-agent" in word for word in one.cmdline())
    ]


def test_a_new_run_joins_a_server_whose_socket_was_deleted(world: World) -> None:
    run = world.run("first")
    before = run.pane()
    world.socket.unlink()
    world.run("second")
    assert len(world.sessions()) == 2
    assert run.pane() == before
    assert run.status() == "active"
