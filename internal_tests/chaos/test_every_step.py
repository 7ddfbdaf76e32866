"""agency is killed at every durable step of every operation; the next command finishes or undoes it, and nothing is lost."""

import pytest

from internal_tests.chaos.operations import OPERATIONS
from internal_tests.chaos.scenario import Scenario
from internal_tests.support.world import World

_SHARDS = 4


@pytest.mark.parametrize("shard", range(_SHARDS))
@pytest.mark.parametrize("direction", ["forward", "back"])
@pytest.mark.parametrize("name", list(OPERATIONS))
def test_a_kill_at_any_step_is_finished_or_undone_by_the_next_command(
    world: World, name: str, direction: str, shard: int
) -> None:
    scenario = Scenario(world, OPERATIONS[name])
    whole = scenario.record()
    assert whole.code == 0, whole.said
    failures: list[str] = []
    at = shard + 1
    while (ended := scenario.kill(at)).killed:
        step = ended.steps[-1]
        assert step.number == at
        try:
            scenario.go_on(direction)
        except AssertionError as error:
            failures.append(f"killed at {step}\n    {error}")
        at += _SHARDS
    assert at > len(whole.steps), f"agency survived step {at} of {len(whole.steps)}"
    scenario.stage.put_back()
    assert not failures, f"{len(failures)} of {at // _SHARDS} kills:\n" + "\n".join(failures)
