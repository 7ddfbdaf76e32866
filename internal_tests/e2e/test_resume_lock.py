"""When ``agency resume`` needs the lock of the repo and a valid config, and when it does without both."""

import pytest

from internal_tests.support.endings import exit_runner
from internal_tests.support.lockholder import lock_held
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


@pytest.mark.parametrize("words", [("resume", "busy", "--detached"), ("stop", "busy"), ("kill", "busy"), ("ls",)])
def test_these_never_wait_for_the_lock_while_a_session_lives(world: World, words: tuple[str, ...]) -> None:
    world.run("busy")
    with lock_held(world):
        result = world.agency(*words, "--lock-timeout", "0s")
    assert (result.code, result.err) == (0, "")


def test_attach_never_waits_for_the_lock(world: World) -> None:
    world.run("busy")
    with lock_held(world), agency_in_terminal(world, "attach", "busy", "--lock-timeout", "0s") as terminal:
        terminal.shows("demo agent ready")


def test_resume_of_a_missing_session_waits_and_tells_who_holds_the_lock(world: World) -> None:
    run = world.run("waits")
    world.ok("kill", "waits")
    with lock_held(world) as holder:
        waiting = world.spawn("resume", "waits", "--detached", "--lock-timeout", "60s")
        assert waiting.stderr is not None
        told = waiting.stderr.readline().decode()
        assert f"held by agency elsewhere (pid {holder.pid}" in told
        assert waiting.poll() is None
        assert world.sessions() == []
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out.decode(), err) == (0, f"ok: session {run.session} ready\n", b"")


def test_resume_gives_up_after_the_lock_timeout(world: World) -> None:
    run = world.run("gives-up")
    world.ok("kill", "gives-up")
    before = run.event_names()
    with lock_held(world) as holder:
        result = world.agency("resume", "gives-up", "--detached", "--lock-timeout", "300ms")
    assert (result.code, result.error_code) == (1, "E_REPO_LOCKED")
    assert f"(pid {holder.pid}" in result.err
    assert run.event_names() == before
    assert world.sessions() == []


def test_a_lock_holder_killed_with_sigkill_frees_the_lock(world: World) -> None:
    world.run("freed")
    world.ok("kill", "freed")
    with lock_held(world) as holder:
        holder.kill()
        holder.wait()
        assert world.agency("resume", "freed", "--detached", "--lock-timeout", "5s").code == 0


def test_the_lock_is_free_while_a_person_is_attached(world: World) -> None:
    world.run("attached")
    world.ok("kill", "attached")
    with agency_in_terminal(world, "resume", "attached") as terminal:
        terminal.shows("demo agent ready")
        world.ok("run", "--name", "another", "--detached", "--lock-timeout", "0s")
        assert terminal.running


def test_a_live_session_needs_no_valid_config(world: World) -> None:
    run = world.run("broken-config")
    (world.repo / "agency.yaml").write_text("version: [\n")
    assert world.agency("resume", "broken-config", "--detached").code == 0
    assert run.event_names()[-1] == "resume_attach"


@pytest.mark.parametrize("ending", ["missing", "exited"])
def test_starting_a_runner_needs_a_valid_config(world: World, ending: str) -> None:
    run = world.run("broken-config")
    if ending == "missing":
        world.ok("kill", "broken-config")
    else:
        exit_runner(run, 0)
    before = run.event_names()
    (world.repo / "agency.yaml").write_text("version: 1\nrunnerz: {}\n")
    result = world.agency("resume", "broken-config", "--detached")
    assert (result.code, result.error_code) == (1, "E_INVALID_CONFIG")
    assert run.event_names() == before


def test_two_losers_of_a_race_wait_for_the_winner_and_attach(world: World) -> None:
    run = world.run("race")
    world.ok("kill", "race")
    before = len(run.events)
    with lock_held(world):
        racers = [world.spawn("resume", "race", "--detached") for _ in range(3)]
        for racer in racers:
            assert racer.stderr is not None
            assert b"waiting for the lock" in racer.stderr.readline()
    assert [racer.wait(timeout=60) for racer in racers] == [0, 0, 0]
    assert sorted(run.event_names()[before:]) == ["resume_attach", "resume_attach", "resume_create"]
    wait_for(lambda: world.sessions() == [run.session], "one session")
