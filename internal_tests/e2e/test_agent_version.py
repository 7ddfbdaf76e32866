"""The version of an agent is asked for once, and what an old one lacks is done without and told."""

import os
from pathlib import Path

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

_PROGRAM = """#!/bin/sh
if [ "$1" = --version ]; then echo asked >>{log}; echo {version}; exit; fi
printf '%s\\n' "$@" >{words}
exec sleep 1000
"""


def _install(world: World, version: str) -> Path:
    """A program that says it is gemini ``version``, put in place of the one before; the log of being asked."""
    log, words = world.root / "asked", world.root / "words"
    program = world.root / "bin" / "gemini"
    program.parent.mkdir(exist_ok=True)
    fresh = program.with_suffix(".new")
    fresh.write_text(_PROGRAM.format(log=log, version=version, words=words))
    fresh.chmod(0o755)
    os.replace(fresh, program)
    world.env["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    words.unlink(missing_ok=True)
    return log


def _run(world: World, name: str) -> tuple[SeenRun, str, list[str]]:
    """A run of gemini, what was told, and the words that gemini was started with."""
    said = world.ok("run", "--name", name, "--detached", "--runner", "gemini")
    words = world.root / "words"
    wait_for(words.exists, "gemini to start")
    return world.find(said.pairs["run_id"]), said.err, words.read_text().splitlines()


def test_a_version_that_lacks_nothing_is_asked_for_once(world: World) -> None:
    log = _install(world, "0.61.0")
    first, told, words = _run(world, "one")
    assert "--session-id" in words
    assert "gemini.thread.started" in first.event_names()
    assert "version" not in told
    _run(world, "two")
    assert log.read_text().split() == ["asked"]


def test_a_flag_that_the_installed_version_lacks_is_done_without_and_told(world: World) -> None:
    log = _install(world, "0.40.1")
    run, told, words = _run(world, "one")
    assert "--session-id" not in words
    assert "gemini is of version 0.40.1: no --session-id, so" in told
    assert "gemini.thread.started" not in run.event_names()
    _run(world, "two")
    assert log.read_text().split() == ["asked", "asked"], "behind a shim it may be another by now"


def test_an_update_is_seen(world: World) -> None:
    log = _install(world, "0.61.0")
    _run(world, "one")
    _install(world, "0.40.1")
    _, told, words = _run(world, "two")
    assert "--session-id" not in words
    assert "0.40.1" in told
    _install(world, "0.61.0")
    _, told, words = _run(world, "three")
    assert "--session-id" in words
    assert "version" not in told
    assert len(log.read_text().split()) == 3


def test_a_program_that_does_not_tell_its_version_is_taken_to_have_everything(world: World) -> None:
    log = _install(world, "")
    _, told, words = _run(world, "one")
    assert "--session-id" in words
    assert "version" not in told
    world.ok("kill", "one")
    (world.root / "words").unlink()
    world.ok("resume", "one", "--detached")
    wait_for((world.root / "words").exists, "gemini to start")
    assert log.read_text().split() == ["asked"]


def test_a_program_of_another_name_is_not_asked(world: World) -> None:
    log = _install(world, "0.40.1")
    other = world.root / "bin" / "wrapper"
    os.rename(world.root / "bin" / "gemini", other)
    world.commit({"agency.yaml": f"version: 1\nrunners:\n  gemini: {{command: [{other}]}}\n"}, "another program")
    _, _, words = _run(world, "one")
    assert "--session-id" in words
    assert not log.exists()
