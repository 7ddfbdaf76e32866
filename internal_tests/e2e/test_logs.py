"""``agency logs``: the output of the scripts, and what the pane shows."""

import signal

import pytest

from internal_tests.support.following import Following
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World, demo_config


def with_setup(world: World, script: str) -> None:
    """Give the repo a setup script."""
    world.commit(
        {"setup.sh": f"#!/bin/sh\n{script}\n", "agency.yaml": demo_config(more="scripts: {setup: {path: setup.sh}}\n")}
    )
    world.git("update-index", "--chmod=+x", "setup.sh")
    world.git("commit", "--quiet", "--message=executable")
    (world.repo / "setup.sh").chmod(0o755)


def test_the_output_of_a_script_is_printed_to_the_byte(world: World) -> None:
    with_setup(world, r"printf 'one\n\033[31mtwo\033[0m\n\377\n'; printf 'an error\n' >&2")
    run = world.run("made")
    assert world.ok("logs", "made", "setup").out == "one\n\x1b[31mtwo\x1b[0m\n\ufffd\nan error\n"
    assert (run.directory / "logs" / "setup.log").read_bytes() == b"one\n\x1b[31mtwo\x1b[0m\n\xff\nan error\n"


def test_the_pane_is_shown_with_its_history(world: World) -> None:
    run = world.run("long", "--", "\n".join(f"line {number}" for number in range(200)))
    run.wait_for_screen("line 199")
    for words in (("logs", "long"), ("logs", "long", "pane")):
        lines = world.ok(*words).out.splitlines()
        assert [line for line in lines if line[:5] == "line "] == [f"line {number}" for number in range(1, 200)]


def test_the_pane_of_a_runner_that_has_exited_is_shown(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["last words", "--exit", "3", "--after", "0.5"])})
    run = world.run("ended")
    run.wait_for_exit()
    wait_for(lambda: run.pane()["dead"] == "1", "the pane to be dead")
    shown = world.ok("logs", "ended").out
    assert "last words" in shown
    assert "the runner exited with code 3" in shown


def test_the_log_of_a_failed_setup_is_there(world: World) -> None:
    with_setup(world, "echo before it failed; exit 4")
    assert world.agency("run", "failed", "-d").error_code == "E_SCRIPT_FAILED"
    assert world.ok("logs", "failed", "setup").out == "before it failed\n"


def test_the_logs_of_an_archived_run_are_there(world: World) -> None:
    with_setup(world, "echo set up")
    run = world.run("old")
    world.ok("clean", "old", "--yes")
    for ref in ("old", run.id):
        assert world.ok("logs", ref, "setup").out == "set up\n"


@pytest.mark.parametrize("which", ["setup", "verify", "archive"])
def test_a_log_that_was_never_written_is_told(world: World, which: str) -> None:
    run = world.run("none")
    result = world.agency("logs", "none", which)
    assert (result.code, result.error_code, result.out) == (1, "E_LOG_NOT_FOUND", "")
    assert f"log: {run.directory}/logs/{which}.log" in result.err


def test_the_pane_of_a_run_without_session_is_told(world: World) -> None:
    world.run("gone")
    world.ok("kill", "gone")
    result = world.agency("logs", "gone")
    assert (result.code, result.error_code) == (1, "E_SESSION_NOT_FOUND")
    assert "hint: agency resume gone" in result.err


def test_a_log_of_another_name_is_a_usage_error(world: World) -> None:
    world.run("any")
    result = world.agency("logs", "any", "secrets")
    assert (result.code, result.error_code) == (2, "E_USAGE")


def test_following_a_script_shows_its_output_as_it_comes(world: World) -> None:
    gate = world.root / "gate"
    with_setup(world, f"echo begun; while [ ! -e {gate} ]; do sleep 0.05; done; echo done")
    making = world.spawn("run", "slow", "--detached")
    wait_for(lambda: world.agency("logs", "slow", "setup").code == 0, "the setup script to start")
    with Following(world, "logs", "slow", "setup", "-f") as following:
        following.shows("begun\n")
        assert "done" not in following.out
        gate.touch()
        following.shows("done\n")
        _, err = making.communicate(timeout=60)
        assert making.returncode == 0, err
        assert following.signal(signal.SIGINT) == 130
        assert (following.out, following.err.strip()) == ("begun\ndone\n", "")


def test_following_the_pane_shows_new_lines_once(world: World) -> None:
    run = world.run("live")
    with Following(world, "logs", "live", "--follow") as following:
        following.shows("demo agent ready")
        for word in ("first", "second"):
            run.type(word)
            following.shows(f"you said: {word}\n")
        assert following.out.count("you said: first\n") == 1
        assert following.signal(signal.SIGTERM) == 130
        assert following.err.strip() == ""


def test_following_the_pane_ends_with_the_runner(world: World) -> None:
    run = world.run("ends")
    with Following(world, "logs", "ends", "-f") as following:
        following.shows("demo agent ready")
        run.type("exit 7")
        assert following.ended() == 0
        assert "the runner exited with code 7" in following.out


def test_following_the_pane_ends_with_the_session(world: World) -> None:
    world.run("killed")
    with Following(world, "logs", "killed", "-f") as following:
        following.shows("demo agent ready")
        world.ok("kill", "killed")
        assert following.ended() == 0
