"""``agency resume --restart``: the runner is ended with consent, all of it, and started again in the same pane."""

import json
import sys

import pytest

from internal_tests.support.endings import exit_runner, lives, runner_process
from internal_tests.support.terminal import agency_in_terminal, clients
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import DEMO_AGENT, World, demo_config

RESTART = ("--restart", "--detached")


def test_without_a_terminal_consent_must_be_given_beforehand(world: World) -> None:
    run = world.run("asked")
    before = (run.pane(), run.event_names())
    result = world.agency("resume", "asked", *RESTART)
    assert (result.code, result.error_code, result.out) == (1, "E_CONFIRMATION_REQUIRED", "")
    assert "hint: agency resume asked --restart --yes" in result.err
    assert (run.pane(), run.event_names()) == before


def test_with_yes_the_runner_is_started_again_in_the_same_pane(world: World) -> None:
    run = world.run("again")
    before, old = run.pane(), runner_process(run)
    events = len(run.events)
    assert world.ok("resume", "again", *RESTART, "--yes").out == f"ok: session {run.session} ready\n"
    assert run.pane()["pane_id"] == before["pane_id"]
    assert run.pane()["pid"] != before["pid"]
    assert run.pane()["cwd"] == str(run.worktree)
    assert not lives(old.pid)
    (event,) = run.events[events:]
    assert event["event"] == "resume_restart"
    assert event["data"] == {"session_name": run.session, "runner": "demo", "detached": True, "restart": True}


@pytest.mark.parametrize("answer", ["y", "YES", " yes "])
def test_a_yes_in_a_terminal_restarts(world: World, answer: str) -> None:
    run = world.run("asked")
    before = run.pane()
    with agency_in_terminal(world, "resume", "asked", *RESTART) as terminal:
        terminal.shows("the runner of asked is alive")
        assert run.pane() == before
        terminal.type(answer)
        assert terminal.ended() == 0
        assert f"ok: session {run.session} ready" in terminal.screen
    assert run.pane()["pid"] != before["pid"]


@pytest.mark.parametrize("answer", ["n", "", "restart", "C-d"])
def test_anything_else_leaves_the_runner_alone(world: World, answer: str) -> None:
    run = world.run("spared")
    before = (run.pane(), run.event_names())
    with agency_in_terminal(world, "resume", "spared", *RESTART) as terminal:
        terminal.shows("[y/N]")
        terminal.press("C-d") if answer == "C-d" else terminal.type(answer)
        assert terminal.ended() == 0
        assert "canceled" in terminal.screen
        assert "ready" not in terminal.screen
    assert (run.pane(), run.event_names()) == before


def test_ctrl_c_at_the_question_leaves_the_runner_alone(world: World) -> None:
    run = world.run("spared")
    before = (run.pane(), run.event_names())
    with agency_in_terminal(world, "resume", "spared", *RESTART) as terminal:
        terminal.shows("[y/N]")
        terminal.press("C-c")
        assert terminal.ended() == 130
    assert (run.pane(), run.event_names()) == before


def test_after_a_yes_the_session_is_shown(world: World) -> None:
    run = world.run("shown")
    with agency_in_terminal(world, "resume", "shown", "--restart") as terminal:
        terminal.shows("[y/N]")
        terminal.type("y")
        terminal.shows("demo agent ready")
        assert clients(world) == [f"{run.session} 0"]


def test_viewers_stay_attached(world: World) -> None:
    world.run("viewed")
    with agency_in_terminal(world, "attach", "viewed") as terminal:
        terminal.shows("demo agent ready")
        terminal.type("before")
        terminal.shows("you said: before")
        before = world.tmux_ask("list-clients", "-F", "#{client_pid} #{client_session}").stdout
        world.ok("resume", "viewed", *RESTART, "--yes")
        terminal.type("after")
        terminal.shows("you said: after")
        assert world.tmux_ask("list-clients", "-F", "#{client_pid} #{client_session}").stdout == before
        assert terminal.running


def test_no_lock_is_held_while_a_person_is_asked(world: World) -> None:
    world.run("asked")
    with agency_in_terminal(world, "resume", "asked", *RESTART) as terminal:
        terminal.shows("[y/N]")
        world.ok("run", "--name", "another", "--detached", "--lock-timeout", "0s")
        terminal.type("n")
        assert terminal.ended() == 0


def test_consent_is_for_the_runner_that_was_seen(world: World) -> None:
    run = world.run("swapped")
    with agency_in_terminal(world, "resume", "swapped", *RESTART) as terminal:
        terminal.shows("[y/N]")
        world.ok("resume", "swapped", *RESTART, "--yes")
        second = run.pane()
        events = run.event_names()
        terminal.type("y")
        wait_for(lambda: terminal.screen.count("[y/N]") == 2, "the question to be asked again")
        assert run.pane() == second
        terminal.type("n")
        assert terminal.ended() == 0
    assert run.pane() == second
    assert run.event_names() == events


def test_a_session_that_appeared_since_the_look_is_not_ended_unasked(world: World) -> None:
    run = world.run("appeared")
    with agency_in_terminal(world, "resume", "appeared", *RESTART) as terminal:
        terminal.shows("[y/N]")
        world.ok("kill", "appeared")
        world.ok("resume", "appeared", "--detached")
        other = run.pane()
        terminal.type("y")
        wait_for(lambda: terminal.screen.count("[y/N]") == 2, "the question to be asked again")
        terminal.type("n")
        assert terminal.ended() == 0
    assert run.pane() == other


@pytest.mark.parametrize("ending", ["kill", "exit"])
def test_without_a_living_runner_no_consent_is_needed(world: World, ending: str) -> None:
    run = world.run("gone")
    if ending == "kill":
        world.ok("kill", "gone")
    else:
        exit_runner(run)
    events = len(run.events)
    assert world.ok("resume", "gone", *RESTART).out == f"ok: session {run.session} ready\n"
    assert run.event_names()[events:] == ["resume_restart"]
    assert run.row()["runner_alive"] is True


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ("version: 1\nrunners: {demo: {command: [/nowhere/agent]}}\n", "E_RUNNER_NOT_FOUND"),
        ("version: 1\n", "E_RUNNER_NOT_CONFIGURED"),
        ("version: [\n", "E_INVALID_CONFIG"),
    ],
)
def test_a_runner_that_cannot_be_resolved_leaves_the_old_one_alive(world: World, config: str, code: str) -> None:
    run = world.run("kept")
    before = (run.pane(), run.event_names(), runner_process(run).pid)
    (world.repo / "agency.yaml").write_text(config)
    result = world.agency("resume", "kept", *RESTART, "--yes")
    assert (result.code, result.error_code) == (1, code)
    assert (run.pane(), run.event_names(), runner_process(run).pid) == before


def test_the_whole_old_process_tree_is_gone_before_the_new_runner_starts(world: World) -> None:
    """The runner notes which processes of its run, other than its own shim, are there when it starts."""
    notes = world.root / "notes"
    witness = world.root / "witness.py"
    witness.write_text(
        "import os, psutil\n"
        "mine, seen = os.environ['AGENCY_RUN_ID'], []\n"
        "for process in psutil.process_iter():\n"
        "    try:\n"
        "        words = ' '.join(process.cmdline())\n"
        "        if process.environ().get('AGENCY_RUN_ID') == mine and process.pid not in (os.getpid(), os.getppid()):\n"
        "            seen.append(words)\n"
        "    except psutil.Error:\n"
        "        pass\n"
        f"open({str(notes)!r}, 'a').write(repr(seen) + '\\n')\n"
        f"os.execv({sys.executable!r}, [{sys.executable!r}, {DEMO_AGENT!r}, '--children', '--ignore-term'])\n"
    )
    command = json.dumps([sys.executable, str(witness)])
    world.commit(
        {"agency.yaml": f"version: 1\ndefaults: {{runner: demo}}\nrunners: {{demo: {{command: {command}}}}}\n"}
    )
    run = world.run("family")
    run.wait_for_screen("demo agent ready")
    family = [pid for pid in (one.pid for one in world.processes()) if pid != world.tmux_server_pid()]
    assert len(family) == 6, "the shim, the runner and its four children"
    world.ok("resume", "family", *RESTART, "--yes")
    run.wait_for_screen("demo agent ready")
    assert notes.read_text().splitlines() == ["[]", "[]"]
    assert not any(lives(pid) for pid in family)
    world.ok("kill", "family")
    assert world.processes() == []


def test_the_new_runner_is_the_one_configured_now(world: World) -> None:
    run = world.run("changed")
    run.wait_for_screen("demo agent ready")
    (world.repo / "agency.yaml").write_text(demo_config(runner_args=["good morning"]))
    world.ok("resume", "changed", *RESTART, "--yes")
    run.wait_for_screen("prompt: good morning")


def test_yes_without_restart_ends_nothing(world: World) -> None:
    run = world.run("kept")
    before = run.pane()
    world.ok("resume", "kept", "--detached", "--yes")
    assert run.pane() == before
    assert run.event_names()[-1] == "resume_attach"
