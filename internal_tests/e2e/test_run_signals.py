"""INT, TERM and HUP at the stages of ``agency run``: the run is absent, or it says what happened and a clean removes it."""

import fcntl
import signal

import pexpect
import pytest

from internal_tests.support.gate import Gate, hold_files, script_config, signals_as_usual, spawned
from internal_tests.support.traces import Traces, checkout, find_named, traces
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, SeenRun, World, demo_config

each_signal = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name
)


def nothing_stands_in_the_way(world: World, before: Traces, name: str) -> None:
    """The name is free, the repo is as before, and no lock is left in it."""
    assert traces(world) == before
    assert list((world.repo / ".git").rglob("*.lock")) == []
    assert world.run(name).status() == "active"


@each_signal
def test_while_the_tree_is_filled_leaves_nothing(world: World, number: signal.Signals) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.commit({"a.held": "content\n", "b.txt": "content\n"})
    before = traces(world)
    with spawned(world, "run", "cut", "--detached") as command:
        gate.wait()
        command.send(number)
        result = command.end()
    assert (result.code, result.error_code) == (130, "E_INTERRUPTED")
    assert number.name in result.err
    gate.stand_open()
    nothing_stands_in_the_way(world, before, "cut")


def test_twice_while_the_tree_is_filled_leaves_nothing(world: World) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.commit({"a.held": "content\n"})
    before = traces(world)
    with spawned(world, "run", "cut", "--detached") as command:
        gate.wait()
        command.send(signal.SIGINT)
        command.send(signal.SIGTERM)
        assert command.end().code == 130
    gate.stand_open()
    nothing_stands_in_the_way(world, before, "cut")


def test_while_the_tree_is_filled_the_run_says_so(world: World) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.commit({"a.held": "content\n"})
    with spawned(world, "run", "slow", "--detached") as command:
        gate.wait()
        assert find_named(world, "slow").status() == "creating"
        gate.open()
        assert command.end().code == 0
    assert find_named(world, "slow").status() == "active"


def test_the_repo_is_not_locked_while_the_tree_is_filled(world: World) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.git("branch", "plain")
    world.commit({"a.held": "content\n"})
    with spawned(world, "run", "slow", "--detached") as command:
        gate.wait()
        assert world.agency("run", "quick", "-d", "--parent", "plain", "--lock-timeout", "500ms").code == 0
        gate.open()
        assert command.end().code == 0


@each_signal
def test_while_waiting_for_the_lock_leaves_nothing(world: World, number: signal.Signals) -> None:
    world.run("first")
    before = traces(world)
    (lock,) = world.data.glob("repos/*/.lock")
    with lock.open("r+") as held, spawned(world, "run", "second", "--detached") as command:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert command.process.stderr is not None
        command.process.stderr.readline()
        command.send(number)
        assert command.end().code == 130
    nothing_stands_in_the_way(world, before, "second")


@each_signal
def test_during_setup_ends_the_script_and_marks_the_run(world: World, number: signal.Signals) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"echo begun; {gate.shell}")})
    with spawned(world, "run", "cut", "--detached") as command:
        gate.wait()
        command.send(number)
        result = command.end()
    assert (result.code, result.error_code) == (130, "E_INTERRUPTED")
    run = find_named(world, "cut")
    assert f"hint: agency clean {run.name}" in result.err
    assert world.processes() == []
    assert run.status() == "failed"
    assert run.row()["summary"] == "setup failed"
    (finished,) = [event["data"] for event in run.events if event["event"] == "setup_finished"]
    assert (finished["ok"], finished["cancelled"], finished["timed_out"]) == (False, True, False)
    assert "exit_code" not in finished
    assert run.meta["setup"]["cancelled"] is True
    assert world.sessions() == []


def test_a_run_interrupted_during_setup_does_not_hold_the_lock(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=gate.shell)})
    with spawned(world, "run", "cut", "--detached") as command:
        gate.wait()
        command.send(signal.SIGTERM)
        assert command.end().code == 130
    gate.stand_open()
    assert world.agency("run", "next", "--detached", "--lock-timeout", "200ms").code == 0


def test_a_run_interrupted_during_setup_is_removed_by_clean(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=gate.shell)})
    before = traces(world)
    with spawned(world, "run", "cut", "--detached") as command:
        gate.wait()
        command.send(signal.SIGINT)
        assert command.end().code == 130
    run = find_named(world, "cut")
    world.ok("clean", "cut", "--yes")
    after = traces(world)
    assert run.archived
    assert (after.worktrees, after.sessions) == (before.worktrees, before.sessions)
    assert "refs/heads/agency/" not in after.refs


def test_a_run_interrupted_during_setup_can_be_started_as_it_is(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=gate.shell)})
    with spawned(world, "run", "cut", "--detached") as command:
        gate.wait()
        command.send(signal.SIGINT)
        assert command.end().code == 130
    world.ok("resume", "cut", "--detached")
    assert find_named(world, "cut").status() == "active"


@each_signal
def test_within_the_startup_grace_leaves_a_whole_run(world: World, number: signal.Signals) -> None:
    world.commit({"agency.yaml": demo_config(more="session: {startup_grace: 30s}\n")})
    with spawned(world, "run", "young", "--detached") as command:
        run = _as_soon_as_created(world, "young")
        command.send(number)
        assert command.end().code == 130
    run.wait_for_screen("demo agent ready")
    assert run.status() == "active"


@each_signal
def test_while_changes_are_taken_leaves_nothing(world: World, number: signal.Signals) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="clean")
    (world.repo / "new.held").write_text("new\n")
    before, tree = traces(world), checkout(world)
    with spawned(world, "run", "cut", "--detached", "--take-changes") as command:
        gate.wait()
        command.send(number)
        assert command.end().code == 130
    gate.stand_open()
    assert checkout(world) == tree
    (world.repo / "new.held").unlink()
    nothing_stands_in_the_way(world, before, "cut")


def test_ctrl_c_on_the_terminal_during_setup_ends_the_script_and_marks_the_run(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"echo begun; {gate.shell}; echo never")})
    child = pexpect.spawn(
        AGENCY,
        ["run", "cut"],
        cwd=str(world.repo),
        env=world.env,
        encoding="utf-8",
        timeout=30,
        preexec_fn=signals_as_usual,
    )
    gate.wait()
    child.sendintr()
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 130
    said = str(child.before)
    assert "begun" in said and "never" not in said and "error_code: E_INTERRUPTED" in said
    assert find_named(world, "cut").status() == "failed"
    assert world.processes() == []


def _as_soon_as_created(world: World, name: str) -> SeenRun:
    """The run, as soon as its last event of creation is there."""

    def created() -> bool:
        return any('"run_created"' in log.read_text() for log in world.data.glob("repos/*/runs/2*/events.jsonl"))

    wait_for(created, "the run to be created")
    return find_named(world, name)
