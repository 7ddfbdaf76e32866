"""``agency stop`` and ``agency kill``: interrupt the runner, or end the session with everything in it."""

import os
import signal

import pytest

from internal_tests.support.endings import STUBBORN, exit_runner, lives, runner_process, stubborn_process
from internal_tests.support.terminal import OtherTmux
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, World, demo_config


def test_stop_sends_ctrl_c_to_the_runner_and_says_nothing(world: World) -> None:
    run = world.run("stop")
    run.wait_for_screen("demo agent ready")
    result = world.ok("stop", "stop")
    assert (result.out, result.err) == ("", "")
    assert run.wait_for_exit() == 130
    assert run.events[-1]["event"] == "stop"
    assert run.events[-1]["data"] == {"session_name": run.session, "keys": ["C-c"]}


def test_stop_of_a_runner_that_goes_on_asks_for_attention(world: World) -> None:
    run = world.run("stubborn", "--", "--ignore-term")
    run.wait_for_screen("demo agent ready")
    world.ok("stop", "stubborn")
    row = run.row()
    assert (row["derived_status"], row["attention"], row["runner_alive"]) == ("needs attention", "stop_requested", True)
    world.ok("kill", "stubborn")


def test_stop_reaches_a_runner_whose_pane_is_scrolled_back(world: World) -> None:
    run = world.run("scrolled")
    run.wait_for_screen("demo agent ready")
    world.tmux_ask("copy-mode", "-t", run.pane()["pane_id"])
    world.ok("stop", "scrolled")
    assert run.wait_for_exit() == 130


def test_stop_leaves_the_record_as_it_was(world: World) -> None:
    run = world.run("record")
    before = (run.directory / "meta.json").read_bytes()
    world.ok("stop", "record")
    assert (run.directory / "meta.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "event"),
    [(("--detached",), "resume_attach"), (("--detached", "--restart", "--yes"), "resume_restart")],
)
def test_a_resume_of_the_live_session_clears_the_attention(world: World, words: tuple[str, ...], event: str) -> None:
    run = world.run("cleared", "--", "--ignore-term")
    run.wait_for_screen("demo agent ready")
    world.ok("stop", "cleared")
    world.ok("resume", "cleared", *words)
    assert run.event_names()[-1] == event
    assert (run.status(), run.row()["attention"]) == ("active", None)
    world.ok("kill", "cleared")


def test_starting_the_runner_again_clears_the_attention(world: World) -> None:
    run = world.run("cleared")
    run.wait_for_screen("demo agent ready")
    world.ok("stop", "cleared")
    run.wait_for_exit()
    assert run.status() == "needs attention"
    world.ok("resume", "cleared", "--detached")
    assert (run.status(), run.row()["attention"]) == ("active", None)


@pytest.mark.parametrize("command", ["stop", "kill"])
def test_without_a_session_there_is_a_note_and_nothing_else(world: World, command: str) -> None:
    run = world.run("none")
    world.ok("kill", "none")
    before = run.event_names()
    result = world.ok(command, "none")
    assert result.out == ""
    assert result.err.startswith("none has no ")
    assert run.event_names() == before


def test_stop_of_a_runner_that_has_exited_is_a_note(world: World) -> None:
    run = exit_runner(world.run("ended"))
    before = run.event_names()
    assert world.ok("stop", "ended").err == "ended has no living runner\n"
    assert run.event_names() == before


def test_kill_ends_the_session_and_keeps_the_worktree(world: World) -> None:
    run = world.run("kill")
    result = world.ok("kill", "kill")
    assert (result.out, result.err) == ("", "")
    assert world.sessions() == []
    assert run.worktree.is_dir()
    assert run.branch in world.git("branch", "--list", run.branch)
    assert run.events[-1]["event"] == "kill_session"
    assert run.events[-1]["data"] == {"session_name": run.session}


def test_kill_removes_a_dead_pane(world: World) -> None:
    run = exit_runner(world.run("dead"))
    world.ok("kill", "dead")
    assert world.sessions() == []
    assert run.status() == "stopped"


def test_kill_ends_children_of_every_kind_that_ignore_signals(world: World) -> None:
    run = world.run("family", "--", "--children", "--ignore-term")
    run.wait_for_screen("demo agent ready")
    family = {one.pid for one in world.processes()} - {world.tmux_server_pid()}
    assert len(family) == 6, "the shim, the runner and its four children"
    world.ok("kill", "family")
    assert not any(lives(pid) for pid in family)


def test_kill_ends_what_runs_in_the_users_own_panes_of_the_session(world: World) -> None:
    run = world.run("panes")
    split = world.tmux_ask("split-window", "-P", "-F", "#{pane_pid}", "-t", f"={run.session}:", "sleep 1000")
    world.ok("kill", "panes")
    assert not lives(split.stdout)


def test_kill_of_one_run_leaves_another_alone(world: World) -> None:
    one, two = world.run("one"), world.run("two")
    before = runner_process(two).pid
    world.ok("kill", "one")
    assert world.sessions() == [two.session]
    assert runner_process(two).pid == before
    assert one.status() == "stopped"


def test_kill_ends_a_runner_that_outlived_its_tmux_server(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more=STUBBORN)})
    run = world.run("orphan", "--runner", "stubborn")
    orphan = stubborn_process(run)
    world.kill_tmux_server()
    assert lives(orphan.pid)
    world.ok("kill", "orphan")
    assert not lives(orphan.pid)
    assert run.event_names()[-1] == "kill_session"


def test_kill_typed_inside_the_run_works_and_is_recorded(world: World) -> None:
    run = world.run("inside", "--runner", "shell")
    run.type(f"echo here-$((40 + 2)); {AGENCY} kill inside")
    wait_for(lambda: run.event_names()[-1] == "kill_session", "the kill to be recorded")
    wait_for(lambda: world.sessions() == [], "the session to end")
    assert run.worktree.is_dir()
    assert run.status() == "stopped"
    wait_for(lambda: world.processes() == [], "all processes to end")
    assert run.event_names().count("kill_session") == 1


@pytest.mark.parametrize("deed", [("kill", "mine"), ("resume", "mine", "--restart", "--yes", "--detached")])
def test_the_users_own_tmux_server_started_inside_a_run_is_left_alone(world: World, deed: tuple[str, ...]) -> None:
    run = world.run("mine", "--runner", "shell")
    with OtherTmux(world, "users") as users:
        run.type(f"tmux -S {users.socket} -f /dev/null new-session -d -s own sleep 1000")
        wait_for(lambda: users.pid() is not None, "the user's own server to be there")
        pane = users.do("list-panes", "-a", "-F", "#{pane_pid}").strip()
        world.ok(*deed)
        assert users.do("list-sessions", "-F", "#{session_name}") == "own\n"
        assert lives(pane)


def test_a_program_that_left_the_run_and_its_worktree_is_left_alone(world: World) -> None:
    run = world.run("editor", "--runner", "shell")
    note = world.root / "editor.pid"
    run.type(f"(cd / && exec setsid sh -c 'echo $$ > {note}.new; mv {note}.new {note}; exec sleep 1000') &")
    wait_for(note.exists, "the program to start")
    pid = int(note.read_text())
    run.type("exit 0")
    run.wait_for_exit()
    try:
        world.ok("kill", "editor")
        assert lives(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not lives(pid), "the program to end")


def test_stop_all_and_kill_all_act_on_every_run_of_the_repo_only(world: World) -> None:
    other = world.make_repo("other")
    elsewhere = world.run("elsewhere", cwd=other)
    one, two = world.run("one"), world.run("two")
    for run in (one, two):
        run.wait_for_screen("demo agent ready")
    world.ok("kill", "two")
    assert world.ok("stop", "--all").out == "ok: one interrupted\nok: two has no living runner\n"
    assert one.wait_for_exit() == 130
    assert world.ok("kill", "--all").out == "ok: one killed\nok: two has no session\n"
    assert world.sessions() == [elsewhere.session]
    assert elsewhere.status() == "active"


@pytest.mark.parametrize("command", ["stop", "kill"])
def test_all_goes_on_after_a_run_that_fails_and_exits_with_an_error(world: World, command: str) -> None:
    broken, whole = world.run("broken"), world.run("whole")
    (broken.directory / "meta.json").write_text("{")
    result = world.agency(command, "--all")
    assert result.code == 1
    first, second = result.out.splitlines()
    assert first.startswith(f"E_RUN_BROKEN: {broken.id} ")
    assert second in ("ok: whole interrupted", "ok: whole killed")
    assert whole.event_names()[-1] in ("stop", "kill_session")


def test_all_as_json_has_an_entry_for_each_run(world: World) -> None:
    one = world.run("one")
    assert world.ok("kill", "--all", "--json").data == [
        {"run_id": one.id, "name": "one", "ok": True, "result": "killed", "error": None}
    ]


@pytest.mark.parametrize(
    "words", [("kill",), ("kill", "one", "--all"), ("stop",), ("resume",), ("resume", "one", "--all")]
)
def test_one_run_or_all_must_be_named(world: World, words: tuple[str, ...]) -> None:
    result = world.agency(*words)
    assert (result.code, result.error_code) == (2, "E_USAGE")


def test_all_of_a_repo_without_runs_does_nothing(world: World) -> None:
    assert world.ok("kill", "--all").out == ""


def test_stop_and_kill_work_although_the_config_is_broken(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--ignore-term"])})
    run = world.run("config")
    run.wait_for_screen("demo agent ready")
    (world.repo / "agency.yaml").write_text("version: [\n")
    world.ok("stop", "config")
    world.ok("kill", "config")
    assert run.event_names()[-2:] == ["stop", "kill_session"]
