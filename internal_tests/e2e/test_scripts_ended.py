"""Scripts that are ended from outside: their time is over, or agency is told to stop. Nothing of them goes on."""

import signal

import pytest

from internal_tests.support.gate import Gate, script_config, spawned
from internal_tests.support.traces import find_named
from internal_tests.support.world import World

_FAMILY = """
trap '' TERM INT HUP
sleep 1000 &
setsid sleep 1001 &
(setsid sleep 1002 > /dev/null 2>&1 < /dev/null &) &
setsid sh -c 'trap "" TERM; (setsid sh -c "trap \\"\\" TERM; sleep 1003; sleep 1004" &) ; sleep 1005' &
"""
"""Children of every kind, in other process groups and sessions, some without a living parent, some deaf to TERM."""


def test_when_its_time_is_over_the_whole_family_is_ended(world: World) -> None:
    world.commit({"agency.yaml": script_config(setup=f"{_FAMILY} echo started; wait; sleep 1000", timeout="1s")})
    result = world.agency("run", "slow", "--detached")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_TIMEOUT")
    assert "  started" in result.err.splitlines()
    assert [process.cmdline() for process in world.processes()] == []


def test_a_timeout_is_recorded_and_the_run_marked(world: World) -> None:
    world.commit({"agency.yaml": script_config(setup="sleep 1000", timeout="1s")})
    result = world.agency("run", "slow", "--detached")
    assert result.err.splitlines()[-1].startswith("hint: agency clean slow")
    run = find_named(world, "slow")
    (finished,) = [event["data"] for event in run.events if event["event"] == "setup_finished"]
    assert (finished["ok"], finished["timed_out"], finished["cancelled"]) == (False, True, False)
    assert "exit_code" not in finished
    assert run.meta["setup"]["timed_out"] is True
    assert run.meta["flags"] == {"setup_failed": True}
    assert run.status() == "failed"
    assert world.sessions() == []


def test_a_script_that_ends_when_it_is_asked_to_is_not_killed(world: World) -> None:
    world.commit(
        {"agency.yaml": script_config(setup="trap 'echo tidied; exit 0' TERM; sleep 1000 & wait", timeout="1s")}
    )
    assert world.agency("run", "polite", "--detached").error_code == "E_SCRIPT_TIMEOUT"
    assert "tidied" in (find_named(world, "polite").directory / "logs" / "setup.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_when_agency_is_told_to_stop_the_whole_family_is_ended(world: World, number: signal.Signals) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"{_FAMILY} {gate.shell}; sleep 1000")})
    with spawned(world, "run", "stopped", "--detached") as command:
        gate.wait()
        command.send(number)
        assert command.end().code == 130
    assert [process.cmdline() for process in world.processes()] == []


def test_an_impatient_second_signal_still_ends_the_whole_family(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"{_FAMILY} {gate.shell}; sleep 1000")})
    with spawned(world, "run", "stopped", "--detached") as command:
        gate.wait()
        command.send(signal.SIGINT)
        command.send(signal.SIGINT)
        command.send(signal.SIGTERM)
        assert command.end().code == 130
    assert [process.cmdline() for process in world.processes()] == []
    assert find_named(world, "stopped").status() == "failed"


def test_a_script_that_ends_well_although_agency_is_told_to_stop_counts_as_cancelled(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"trap 'exit 0' TERM; sleep 1000 & {gate.shell}; wait")})
    with spawned(world, "run", "stopped", "--detached") as command:
        gate.wait()
        command.send(signal.SIGTERM)
        assert command.end().code == 130
    assert find_named(world, "stopped").meta["setup"]["cancelled"] is True


def test_a_signal_that_comes_as_the_script_ends_by_itself_is_heard(world: World) -> None:
    ended = "until ps -o stat= -p $me | grep -q Z; do :; done"
    setup = (
        f"agency=$PPID me=$$; ( {ended}; kill -CONT $agency ) > /dev/null 2>&1 & kill -STOP $agency; kill -TERM $agency"
    )
    world.commit({"agency.yaml": script_config(setup=setup)})
    with spawned(world, "run", "stopped", "--detached") as command:
        assert command.end().code == 130
    run = find_named(world, "stopped")
    assert (run.meta["setup"]["cancelled"], run.status()) == (True, "failed")
    assert world.sessions() == []
