"""agency is killed at every durable step of every operation; the next command finishes or undoes it, and nothing is lost."""

import os

import pytest

from internal_tests.chaos.killing import Ended
from internal_tests.chaos.operations import OPERATIONS
from internal_tests.chaos.scenario import Scenario
from internal_tests.support.world import World

_SHARDS = {"run": 4, "clean-delete-branch": 4, "land": 4}
"""Into how many tests an operation is divided, so that they can run beside each other; the shorter ones into two."""

_PARTS = [(name, shard) for name in OPERATIONS for shard in range(_SHARDS.get(name, 2))]
_EVERY_WAY = "AGENCY_CHAOS_EVERY_WAY" in os.environ
"""Go every way after every kill, instead of one of them in turn. Takes twice as long."""


@pytest.mark.parametrize(("name", "shard"), _PARTS)
def test_a_kill_at_any_step_is_finished_or_undone_by_the_next_command(world: World, name: str, shard: int) -> None:
    operation, shards = OPERATIONS[name], _SHARDS.get(name, 2)
    scenario = Scenario(world, operation)
    whole = scenario.play()
    assert whole.code == 0, whole.said
    failures: list[str] = []
    killed = True
    chosen = operation.kills(whole.steps)
    at = shard + 1
    while killed:
        if at <= len(whole.steps) and at not in chosen:
            at += shards
            continue
        for way in operation.ways if _EVERY_WAY else operation.ways[at % len(operation.ways) :][:1]:
            ended = scenario.play(at=at)
            killed = ended.killed
            if not killed:
                break
            assert ended.steps[-1].number == at
            try:
                scenario.go_on(way)
            except AssertionError as error:
                typed = ", ".join(" ".join(words) for words in way)
                failures.append(f"killed at {ended.steps[-1]}; then {typed}:\n    {error}")
        at += shards
    assert ended.code == 0 and len(ended.steps) < at, ended.said
    assert _lasting(ended) >= _lasting(whole), f"agency came to {ended.steps[-1]} only, and first to {whole.steps[-1]}"
    scenario.stage.put_back()
    assert not failures, f"{len(failures)} kills of about {len(whole.steps) // shards}:\n" + "\n".join(failures)


def _lasting(ended: Ended) -> int:
    """How many steps there were without the signals, of which more are needed when processes are slow to end."""
    return sum(1 for step in ended.steps if not step.kind.startswith("os.kill"))
