"""The worker of a headless run is killed at the durable steps of an attempt, a soft reset, a checkpoint and a hard reset, and at
random moments; the next one goes on, does nothing twice, and leaves nothing over.

A scenario for each, so that a kill costs no more than what it is about. All but the first begin from what a worker left that was
killed before, so that every kill is followed by two recoveries. A step that the same lines of agency took before is the same
step: which ones are killed at says :func:`killedworker.kills`; with AGENCY_CHAOS_EVERY_STEP it is all.
"""

import random

import pytest

from internal_tests.chaos.jobinvariants import check_done, check_files, check_nothing_left
from internal_tests.chaos.killedworker import KilledWorker, Scenario, kills, look_at_checkout
from internal_tests.chaos.warmworker import WarmWorker
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_SHARDS = 2
SCENARIOS = {
    "attempt": Scenario(ids=("one",)),
    "hard-reset": Scenario(ids=("one", "two"), after="task.step.attempt.started"),
    "soft-reset": Scenario(ids=("one", "three"), after="task.step.started"),
}


def check(killed: KilledWorker) -> None:
    """What must hold once the last worker has done the job."""
    check_done(killed.run, killed.scenario.ids)
    check_files(killed.run, killed.scenario.ids)
    assert look_at_checkout(killed.world) == killed.checkout, "the user's checkout was touched"
    check_nothing_left(killed.run)


@pytest.mark.case(36, "DOC-REQ-005", "DOC-REQ-007", "DOC-REQ-008")
@pytest.mark.parametrize("shard", range(_SHARDS))
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_a_worker_that_is_killed_at_any_step_is_followed_by_one_that_goes_on(
    world: World, worker: WarmWorker, scenario: str, shard: int
) -> None:
    killed = KilledWorker(world, worker, SCENARIOS[scenario])
    code, steps, shown = killed.work()
    assert code == 0, shown
    check(killed)
    assert bool(killed.run.told("resume.from_step")) == (scenario == "hard-reset")
    failures = []
    for at in kills(steps, killed.known)[shard::_SHARDS]:
        killed.stage.put_back()
        code, came_to, _ = killed.work(at=at)
        if code == 0:  # fewer steps than the first time
            continue
        assert code == -9, came_to[-1]
        try:
            wait_for(lambda: not {"agent", "sleep"} & world.program_names(), "the runner to end with its worker")
            code, _, shown = killed.work()
            assert code == 0, shown
            check(killed)
        except (AssertionError, OSError) as error:
            failures.append(f"killed at {came_to[-1]}:\n    {error}")
    killed.stage.put_back()
    assert not failures, f"{len(failures)} kills:\n" + "\n".join(failures)


@pytest.mark.case(36, "DOC-REQ-005", "DOC-REQ-007", "DOC-REQ-008")
@pytest.mark.parametrize("seed", range(5))
def test_twenty_kills_at_random_moments_end_in_the_same_work(world: World, worker: WarmWorker, seed: int) -> None:
    moments = random.Random(seed)
    killed = KilledWorker(world, worker, SCENARIOS["hard-reset"])
    for _ in range(20):
        code, _, shown = killed.work(after=moments.uniform(0.01, 0.4))
        assert code in (0, -9), shown
    code, _, shown = killed.work()
    assert code == 0, shown
    check(killed)
