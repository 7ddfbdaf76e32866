"""``notify`` in the config: what the user is told of a run, by which way, and of what not."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from agency.runners.notify import timer_command
from internal_tests.support.endings import exit_runner
from internal_tests.support.terminal import Terminal, agency_in_terminal, clients
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World, demo_config

_NOTE = """
import json, os, sys
names = ("AGENCY_NAME", "AGENCY_RUN_ID", "AGENCY_REPO_ROOT", "AGENCY_STATUS", "AGENCY_SUMMARY", "AGENCY_OWNER")
told = {"words": sys.argv[1:], "cwd": os.getcwd(), **{name: os.environ.get(name) for name in names}}
with open(os.environ["HOME"] + "/told", "a") as file:
    file.write(json.dumps(told) + "\\n")
"""


def _told(world: World) -> list[dict[str, str]]:
    """What the command of :func:`_configure` was started for, oldest first."""
    path = world.home / "told"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _configure(world: World, **keys: object) -> None:
    """Have everything told by a command that notes it, unless ``keys`` of ``notify`` say otherwise."""
    note = world.root / "note.py"
    note.write_text(_NOTE)
    notify = {"command": [sys.executable, str(note), "a b", "$HOME"], **keys}
    world.commit({"agency.yaml": demo_config(more=f"notify: {json.dumps(notify)}\n")}, "tell me")


def _script(world: World, name: str, text: str) -> Path:
    """A program at the front of PATH."""
    tools = world.root / "tools"
    tools.mkdir(exist_ok=True)
    path = tools / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    world.env["PATH"] = f"{tools}:{world.env['PATH']}".replace(f"{tools}:{tools}:", f"{tools}:")
    return path


def test_the_end_of_a_runner_is_told_with_what_names_the_run(world: World) -> None:
    _configure(world)
    run = world.run("fix-it")
    exit_runner(run, 3)
    (told,) = wait_for(lambda: _told(world), "the notification")
    assert told == {
        "words": ["a b", "$HOME"],
        "cwd": str(world.repo),
        "AGENCY_NAME": "fix-it",
        "AGENCY_RUN_ID": run.id,
        "AGENCY_REPO_ROOT": str(world.repo),
        "AGENCY_STATUS": "exited",
        "AGENCY_SUMMARY": "exit code 3",
        "AGENCY_OWNER": None,
    }
    assert run.status() == "exited (3)"


def test_each_launch_tells_its_own_end(world: World) -> None:
    _configure(world)
    run = world.run("fix-it")
    exit_runner(run, 3)
    wait_for(lambda: len(_told(world)) == 1, "the first notification")
    world.ok("resume", "fix-it", "--detached")
    wait_for(lambda: run.pane()["dead"] == "0", "the second launch")
    run.wait_for_screen("demo agent ready")
    run.type("exit 0")
    wait_for(lambda: len(_told(world)) == 2, "the second notification")
    assert [told["AGENCY_SUMMARY"] for told in _told(world)] == ["exit code 3", "exit code 0"]


def test_what_the_user_ends_is_not_told(world: World) -> None:
    _configure(world)
    killed, restarted, cleaned = (world.run(name) for name in ("killed", "restarted", "cleaned"))
    for run in (killed, restarted, cleaned):
        run.wait_for_screen("demo agent ready")
    world.ok("kill", "killed")
    world.ok("clean", "cleaned", "--yes")
    world.ok("resume", "restarted", "--restart", "--yes", "--detached")
    exit_runner(restarted, 5)
    wait_for(lambda: _told(world), "the notification")
    assert [told["AGENCY_SUMMARY"] for told in _told(world)] == ["exit code 5"]


def test_only_the_states_that_are_wanted_are_told(world: World) -> None:
    _configure(world, when=["waiting", "done"])
    run = world.run("quiet")
    _configure(world, when=["exited"])
    loud = world.run("loud")
    exit_runner(run, 1)
    exit_runner(loud, 1)
    wait_for(lambda: _told(world), "the notification")
    assert [told["AGENCY_NAME"] for told in _told(world)] == ["loud"]


def test_nothing_is_handed_over_when_nothing_is_to_be_told(world: World) -> None:
    run = world.run("quiet")
    assert not (run.directory / "notify.json").exists()
    assert not list(run.directory.glob("launches/*/exited"))


def test_a_command_that_is_not_there_harms_nothing_and_doctor_tells(world: World) -> None:
    _configure(world, command=["no-such-program"], desktop=True)
    world.env["PATH"] = _path_without(world, "notify-send")
    run = world.run("fix-it")
    exit_runner(run, 3)
    wait_for(lambda: run.pane()["dead"] == "1", "the pane to be dead")
    assert run.status() == "exited (3)"
    checks = world.agency("doctor", "--json").data
    texts = [check["text"] for check in checks if check["name"] == "notifications"]
    assert texts == [
        "notify.command is not there or not executable: no-such-program",
        "notify.desktop is set, and notify-send is not installed",
    ]


def test_doctor_says_how_the_user_is_told(world: World) -> None:
    _configure(world, when=["waiting"], bell=True)
    checks = world.agency("doctor", "--json").data
    (check,) = [check for check in checks if check["name"] == "notifications"]
    assert (check["state"], check["text"]) == ("ok", f"waiting: by {sys.executable}, a bell")


def test_the_desktop_is_told(world: World) -> None:
    log = world.root / "desktop"
    _script(world, "notify-send", f'printf "%s|" "$@" > {log}.new; mv {log}.new {log}')
    _configure(world, command=["true"], desktop=True)
    run = world.run("fix-it")
    exit_runner(run, 3)
    wait_for(log.exists, "the notification")
    assert log.read_text() == "--app-name=agency|--|fix-it has exited|exit code 3|"


def test_the_bell_rings_in_the_terminals_that_show_the_session_and_in_no_other(world: World) -> None:
    _configure(world, command=["true"], bell=True)
    run, other = world.run("fix-it"), world.run("other")
    with agency_in_terminal(world, "attach", "fix-it") as shown, agency_in_terminal(world, "attach", "other") as aside:
        for terminal in (shown, aside):
            terminal.shows("demo agent ready")
        wait_for(lambda: len(clients(world)) == 2, "both to be attached")
        rang, silent = _bells(world, shown), _bells(world, aside)
        exit_runner(run, 3)
        wait_for(rang, "the bell")
        exit_runner(other, 3)
        wait_for(silent, "the other bell")
        assert (len(rang()), len(silent())) == (1, 1)


def test_a_run_that_says_it_works_and_is_silent_is_told_once_for_each_silence(world: World) -> None:
    """The clock cannot be turned on, so the silence that counts is made a second instead of a quarter of an hour."""
    calls = world.root / "calls"
    _script(world, "tmux", f'printf "%s " "$@" >> {calls}; echo >> {calls}\nexec {shutil.which("tmux")} "$@"')
    _configure(world, when=["stalled"])
    run = world.run("slow")
    timer = next(line for line in calls.read_text().splitlines() if "run-shell -b -d 900.0" in line)
    assert f"{run.directory}/notify.json stalled 1 0.000" in timer
    run.wait_for_screen("demo agent ready")
    wanted = json.loads((run.directory / "notify.json").read_text())
    (run.directory / "notify.json").write_text(json.dumps({**wanted, "stalled_after": 1.0}))
    world.tmux_ask("run-shell", "-b", "-d", "0", timer_command(str(run.directory / "notify.json"), 1, 0.0))

    def looks() -> int:
        return sum("list-panes" in line and line.rstrip().endswith("#{window_activity}") for line in calls.open())

    wait_for(lambda: looks() >= 3, "some looks at a run that says nothing")
    assert not _told(world)
    run.type("status working on it")
    wait_for(lambda: _told(world), "the notification")
    before = looks()
    wait_for(lambda: looks() >= before + 3, "some more looks")
    run.type("a sign of life")
    wait_for(lambda: len(_told(world)) >= 2, "the second notification")
    run.type("status needs_input which colour?")
    before = looks()
    wait_for(lambda: looks() >= before + 3, "some looks at a run that waits")
    assert [told["AGENCY_STATUS"] for told in _told(world)] == ["stalled"] * 2
    flags = world.tmux_ask("list-windows", "-t", f"={run.session}", "-F", "#{window_flags}|#{monitor-silence}")
    assert flags.stdout == "*|0\n"
    world.ok("kill", "slow")


def _bells(world: World, terminal: Terminal) -> Callable[[], list[str]]:
    """What counts the bells that ring in a terminal from now on."""
    log = world.root / f"bells-{id(terminal)}"
    log.touch()
    tmux = terminal._tmux
    tmux.do("set-option", "-g", "monitor-bell", "on", ";", "set-option", "-g", "bell-action", "any")
    tmux.do("set-hook", "-g", "alert-bell", f"run-shell 'echo bell >> {log}'")
    return lambda: log.read_text().splitlines()


def _path_without(world: World, program: str) -> str:
    """PATH with all its programs but one, which may be installed on this machine."""
    place = world.root / "programs"
    place.mkdir()
    for directory in reversed(world.env["PATH"].split(os.pathsep)):
        for entry in os.scandir(directory) if os.path.isdir(directory) else []:
            link = place / entry.name
            if entry.name != program:
                link.unlink(missing_ok=True)
                link.symlink_to(entry.path)
    return str(place)
