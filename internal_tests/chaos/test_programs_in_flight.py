"""agency dies while a program that it started (git, tmux, a script) is at work; the program dies with it, or goes on alone.

Together they die at one of the moments, each in turn, and every second program goes on; with AGENCY_CHAOS_EVERY_STEP it is all.
"""

from collections.abc import Callable

import psutil
import pytest

from internal_tests.chaos.killing import Step
from internal_tests.chaos.operations import EVERY_STEP, OPERATIONS
from internal_tests.chaos.scenario import Scenario
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_AFTER = (0.0, 0.001, 0.002, 0.004, 0.007)
"""Seconds after the start of a program at which it dies together with agency: from before its first act to after its last."""
_AFTER_REMOTE = (0.0, 0.01, 0.02, 0.035, 0.06)
"""The same for programs that talk to a remote."""


def _check(world: World, name: str, hows: Callable[[Step], tuple[str, ...]]) -> None:
    operation = OPERATIONS[name]
    scenario = Scenario(world, operation)
    started = [step for step in scenario.play().steps if step.kind == "spawned"]
    assert started, "the operation starts no program"
    failures: list[str] = []
    kills = [(step, how) for step in started for how in hows(step)]
    for number, (step, how) in enumerate(kills):
        way = operation.ways[number % len(operation.ways)]
        ended = scenario.play(at=step.number, how=how)
        assert ended.killed, f"agency survived {step}"
        try:
            scenario.go_on(way, git_died=how != "late")
        except AssertionError as error:
            typed = ", ".join(" ".join(words) for words in way)
            failures.append(f"killed at {step} ({how}); then {typed}:\n    {error}")
    scenario.stage.put_back()
    assert not failures, f"{len(failures)} kills of {len(kills)}:\n" + "\n".join(failures)


def _together(step: Step) -> tuple[str, ...]:
    return tuple(f"together={seconds}" for seconds in _moments(step))


def _together_once(step: Step) -> tuple[str, ...]:
    """The same at one of the moments, each in turn."""
    moments = _moments(step)
    return (f"together={moments[step.number % len(moments)]}",)


def _moments(step: Step) -> tuple[float, ...]:
    remote = step.what.startswith("gh ") or " push " in step.what
    return _AFTER_REMOTE if remote else _AFTER


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_a_program_that_dies_together_with_agency_leaves_nothing_that_the_next_command_cannot_mend(
    world: World, name: str
) -> None:
    _check(world, name, _together if EVERY_STEP else _together_once)


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_a_program_that_goes_on_long_after_agency_died_spoils_nothing(world: World, name: str) -> None:
    _check(world, name, lambda step: ("late",) if EVERY_STEP or step.number % 2 else ())


def test_a_setup_script_that_outlived_agency_ends_with_the_clean(world: World) -> None:
    text = (world.repo / "agency.yaml").read_text()
    world.commit({"agency.yaml": text + 'scripts: {setup: {command: "sleep 86398"}}\n'})
    process = world.spawn("run", "long-setup", "--detached")
    scripts = wait_for(lambda: [one for one in world.processes() if "86398" in _words(one)], "the setup script")
    process.kill()
    process.communicate()
    world.ok("clean", "long-setup", "--yes", "--discard")
    wait_for(lambda: not any(script.is_running() for script in scripts), "the setup script to end", timeout=5.0)


def _words(process: psutil.Process) -> list[str]:
    """The command line of a process; nothing when it has just ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []
