"""INT and TERM at the stages of ``agency clean``: the run is whole or archived, and typing it again finishes."""

import fcntl
import signal

import pytest

from internal_tests.support.gate import Gate, hold_files, script_config, spawned
from internal_tests.support.traces import file_tree, traces
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World, demo_config

each_signal = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name
)


@each_signal
def test_during_the_archive_script_leaves_the_run_as_it_was(world: World, number: signal.Signals) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(archive=f"setsid sleep 1000 & {gate.shell}")})
    run = world.run("kept")
    before, pane = traces(world), run.pane()
    with spawned(world, "clean", "kept", "--yes") as command:
        gate.wait()
        command.send(number)
        result = command.end()
    assert (result.code, result.error_code) == (130, "E_INTERRUPTED")
    assert (traces(world), run.pane()) == (before, pane)
    assert run.status() == "active"
    assert run.event_names()[-1] == "clean_failed"
    assert not [process for process in world.processes() if "sleep" in process.name()]


@each_signal
def test_while_waiting_for_the_lock_leaves_the_run_as_it_was(world: World, number: signal.Signals) -> None:
    run = world.run("kept")
    before, pane, events = traces(world), run.pane(), run.event_names()
    (lock,) = world.data.glob("repos/*/.lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with spawned(world, "clean", "kept", "--yes") as command:
            assert command.process.stderr is not None
            assert b"waiting for the lock" in command.process.stderr.readline()
            command.send(number)
            assert command.end().code == 130
    assert (traces(world), run.pane(), run.event_names()) == (before, pane, events)


def test_force_does_not_go_on_after_a_signal(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(archive=gate.shell)})
    run = world.run("kept")
    with spawned(world, "clean", "kept", "--yes", "--force") as command:
        gate.wait()
        command.send(signal.SIGINT)
        assert command.end().code == 130
    assert run.status() == "active"


def test_a_clean_that_was_interrupted_can_be_typed_again(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(archive=gate.shell)})
    run = world.run("kept")
    with spawned(world, "clean", "kept", "--yes") as command:
        gate.wait()
        command.send(signal.SIGTERM)
        assert command.end().code == 130
    gate.stand_open()
    world.ok("clean", "kept", "--yes")
    assert run.archived


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_while_the_work_is_kept_leaves_the_worktree_as_it_was(world: World, number: signal.Signals) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="clean")
    run = world.run("kept")
    (run.worktree / "new.held").write_text("new\n")
    before = file_tree(run.worktree)
    with spawned(world, "clean", "kept", "--yes", "--discard") as command:
        gate.wait()
        command.send(number)
        assert command.end().code == 130
    gate.stand_open()
    assert file_tree(run.worktree) == before
    assert not run.archived
    assert run.event_names()[-1] == "clean_failed"
    world.ok("clean", "kept", "--yes", "--discard")
    assert world.git("show", f"refs/agency/trash/{run.id}:new.held") == "new"


def test_a_hang_up_after_the_session_was_ended_does_not_stop_the_clean(world: World) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="clean")
    run = world.run("kept")
    (run.worktree / "new.held").write_text("new\n")
    with spawned(world, "clean", "kept", "--yes", "--discard") as command:
        gate.wait()
        command.send(signal.SIGHUP)
        gate.open()
        assert command.end().code == 0
    assert run.archived


def test_while_the_runner_is_being_ended_leaves_no_half_ended_session(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--ignore-term"])})
    run = world.run("deaf")
    run.wait_for_screen("demo agent ready")
    pane = run.pane()
    with spawned(world, "clean", "deaf", "--yes") as command:
        wait_for(lambda: "clean_started" in run.event_names(), "the clean to start")
        command.send(signal.SIGTERM)
        command.send(signal.SIGINT)
        assert command.end().code == 130
    assert not run.archived
    if world.sessions():
        assert run.pane() == pane
    else:
        assert world.processes() == []
    world.ok("clean", "deaf", "--yes")
    assert run.archived
    assert world.processes() == []


@each_signal
def test_while_it_is_put_away_is_put_off_until_that_is_done(world: World, number: signal.Signals) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(archive=gate.shell)})
    run = world.run("kept")
    (lock,) = world.data.glob("repos/*/.lock")
    with lock.open("r+") as held, spawned(world, "clean", "kept", "--yes", "--lock-timeout", "60s") as command:
        gate.wait()
        fcntl.flock(held, fcntl.LOCK_EX)
        gate.open()
        assert command.process.stderr is not None
        assert b"waiting for the lock" in command.process.stderr.readline()
        command.send(number)
        fcntl.flock(held, fcntl.LOCK_UN)
        assert command.end().code in (0, 130)
    assert run.archived
    assert run.event_names()[-1] == "clean_finished"
    world.ok("restore", "kept")
    assert run.status() == "stopped"


def test_a_busy_repo_leaves_a_clean_half_done_and_the_next_one_finishes_it(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(archive=gate.shell)})
    run = world.run("kept")
    (run.worktree / "new.txt").write_text("new\n")
    (lock,) = world.data.glob("repos/*/.lock")
    with (
        lock.open("r+") as held,
        spawned(world, "clean", "kept", "--yes", "--discard", "--lock-timeout", "500ms") as command,
    ):
        gate.wait()
        fcntl.flock(held, fcntl.LOCK_EX)
        gate.open()
        assert command.end().error_code == "E_REPO_LOCKED"
        assert (run.worktree / "new.txt").read_text() == "new\n"
        assert run.status().startswith("interrupted (clean)")
    world.ok("clean", "kept", "--yes", "--discard")
    assert run.archived
