"""A runner that ends within the startup grace is told as such by whoever started it, and never called ready."""

import json

import pytest

from internal_tests.support.endings import exit_runner, wait_until_dead
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import Result, World

PATIENT = "session: {startup_grace: 10s}\n"


def runner_is(world: World, *words: str, more: str = PATIENT) -> None:
    """From now on the default runner of the repo is ``words``. With the long grace an early end is always seen as one."""
    config = f"version: 1\ndefaults: {{runner: demo}}\nrunners:\n  demo: {{command: {json.dumps(words)}}}\n{more}"
    (world.repo / "agency.yaml").write_text(config)


def ended_at_once(result: Result, code: int) -> None:
    """``result`` tells that the runner ended with ``code``."""
    assert (result.code, result.error_code) == (1, "E_RUNNER_EXITED")
    assert f"exit_code: {code}\n" in result.err
    assert "ready" not in result.out


def test_run_tells_the_exit_code_and_the_last_lines(world: World) -> None:
    runner_is(world, "sh", "-c", "echo no login; exit 3")
    world.commit({})
    result = world.agency("run", "--name", "early", "--detached")
    ended_at_once(result, 3)
    assert "no login" in result.err
    assert world.find(world.runs()[0]["run_id"]).status() == "exited (3)"


def test_resume_of_a_missing_session_tells_the_exit_code_and_the_last_lines(world: World) -> None:
    run = world.run("early")
    world.ok("kill", "early")
    runner_is(world, "sh", "-c", "echo no login; exit 3")
    before = len(run.events)
    result = world.agency("resume", "early", "--detached")
    ended_at_once(result, 3)
    assert "no login" in result.err
    assert "hint: agency attach early" in result.err
    assert run.event_names()[before:] == ["resume_create", "resume_failed"]
    assert run.events[-1]["data"] == {"session_name": run.session, "reason": "runner_exited", "exit_code": 3}
    assert run.status() == "exited (3)"


def test_resume_of_an_exited_runner_tells_it_too(world: World) -> None:
    run = exit_runner(world.run("again"))
    runner_is(world, "sh", "-c", "echo still no login; exit 9")
    result = world.agency("resume", "again", "--detached")
    ended_at_once(result, 9)
    assert "still no login" in result.err
    assert run.pane()["dead"] == "1"


def test_restart_tells_it_too(world: World) -> None:
    run = world.run("again")
    runner_is(world, "sh", "-c", "exit 9")
    ended_at_once(world.agency("resume", "again", "--detached", "--restart", "--yes"), 9)
    assert run.event_names()[-2:] == ["resume_restart", "resume_failed"]


def test_a_runner_that_ends_well_at_once_is_not_ready_either(world: World) -> None:
    world.run("empty")
    world.ok("kill", "empty")
    runner_is(world, "sh", "-c", "exit 0")
    ended_at_once(world.agency("resume", "empty", "--detached"), 0)


def test_a_runner_ended_by_a_signal_is_told_with_the_code_of_the_shell(world: World) -> None:
    world.run("signal")
    world.ok("kill", "signal")
    runner_is(world, "sh", "-c", "kill -KILL $$")
    ended_at_once(world.agency("resume", "signal", "--detached"), 137)


def test_json_tells_the_exit_code_and_the_last_lines(world: World) -> None:
    world.run("told")
    world.ok("kill", "told")
    runner_is(world, "sh", "-c", "echo first; echo last; exit 3")
    result = world.agency("resume", "told", "--json")
    assert (result.code, result.error["code"]) == (1, "E_RUNNER_EXITED")
    assert result.error["details"]["exit_code"] == 3
    assert result.error["details"]["last_lines"][:2] == ["first", "last"]


def test_in_a_terminal_the_last_screen_is_told_instead_of_ready(world: World) -> None:
    world.run("seen")
    world.ok("kill", "seen")
    runner_is(world, "sh", "-c", "echo no login; exit 3")
    with agency_in_terminal(world, "resume", "seen") as terminal:
        assert terminal.ended() == 1
        assert "error_code: E_RUNNER_EXITED" in terminal.screen
        assert "no login" in terminal.screen


def test_the_next_resume_starts_it_again(world: World) -> None:
    run = world.run("mended")
    world.ok("kill", "mended")
    good = (world.repo / "agency.yaml").read_text()
    runner_is(world, "sh", "-c", "exit 3")
    ended_at_once(world.agency("resume", "mended", "--detached"), 3)
    (world.repo / "agency.yaml").write_text(good)
    wait_until_dead(run)
    assert world.ok("resume", "mended", "--detached").out == f"ok: session {run.session} ready\n"
    assert run.status() == "active"


@pytest.mark.parametrize("grace", ["50ms", "0s"])
def test_a_runner_that_ends_after_the_grace_was_ready(world: World, grace: str) -> None:
    run = world.run("later")
    world.ok("kill", "later")
    go = world.root / "go"
    runner_is(
        world,
        *("sh", "-c", f"while [ ! -e {go} ]; do sleep 0.02; done; exit 3"),
        more=f"session: {{startup_grace: {grace}}}\n",
    )
    assert world.ok("resume", "later", "--detached").out == f"ok: session {run.session} ready\n"
    go.touch()
    assert run.wait_for_exit() == 3
    assert run.status() == "exited (3)"
