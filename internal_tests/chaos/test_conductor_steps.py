"""The conductor of a plan is killed at the durable steps of dispatch, finish, merge, doctor and end, its own and those of its
deeds; ``agency plan resume`` goes on, does nothing twice, and leaves nothing over.

Which steps there are a plan that nobody kills tells. A step is known by its kind and the lines of agency that take it. In one
world one conductor after the other is killed, each at the first that it comes to of a few dozen steps that killed none before;
with AGENCY_CHAOS_EVERY_STEP every step is also the only one, once for the first and once for the last time that one comes to it.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from internal_tests.chaos.planinvariants import check_complete, check_green, check_nothing_left
from internal_tests.chaos.warmconductor import Target, WarmConductor
from internal_tests.support.plans import DOCTOR, PlanInWorld, make_plan, task
from internal_tests.support.world import World

EVERY_STEP = "AGENCY_CHAOS_EVERY_STEP" in os.environ
_SHARDS = 8
_CHAINS = 2
_KILLS = 40
"""At how many steps conductors of one plan are killed, as far as one comes to them."""
_RUNS = {"calm": {"001": 1, "002": 1}, "troubled": {"003": 2, "004": 2}}
"""The tasks of each plan, and how many runs each of them takes: 003 fails once, 004 is once given what it had not declared."""
_OF_NO_ACCOUNT = ("/trace", "/shown", "/logs/", "agency-index", "conductor.lock", "__pycache__")
"""Parts of paths that no successor ever looks at."""
_RUNNER = """#!/bin/sh
printf '{"type":"thread","thread_id":"%s"}\\n' "$1"
case $AGENCY_TASK_ID.$AGENCY_TASK_RUN in
  003.1) echo 'the field has no width' >&2; exit 1 ;;
  004.1) printf 'made\\n' > elsewhere.txt ;;
esac
mkdir -p docs
printf 'made\\n' > "docs/$AGENCY_TASK_ID.txt"
printf '{"type":"end","ok":true,"text":"done"}\\n'
"""


@pytest.fixture(scope="session")
def conductor() -> Iterator[WarmConductor]:
    """One process from which every conductor that is to be killed is forked."""
    warm = WarmConductor()
    yield warm
    warm.close()


class KilledPlan:
    """A plan of two tasks that hold the same lock, and the conductors that it is carried out by."""

    def __init__(self, world: World, conductor: WarmConductor, kind: str) -> None:
        self.world, self._conductor, self._runs = world, conductor, _RUNS[kind]
        agent = world.root / "agent"
        agent.write_text(_RUNNER)
        agent.chmod(0o755)
        self.plan: PlanInWorld = make_plan(
            world,
            [task(name, writes="docs") for name in self._runs],
            bootstrap=["true"],
            doctor=DOCTOR,
            manifest_enforcement="block",
            healing={"max_attempts": 1},
        )
        runner = {
            "command": [str(agent)],
            "start": ["{thread_id}"],
            "headless": ["{thread_id}"],
            "headless_resume": ["{thread_id}", "again"],
        }
        config = {
            "version": 1,
            "defaults": {"runner": "mine"},
            "session": {"startup_grace": "0ms"},
            "runners": {"mine": runner},
        }
        world.commit({"agency.yaml": json.dumps(config)})
        self.base = self.plan.main()
        self.said: list[str] = []

    def conduct(self, at: Sequence[Target] = ()) -> tuple[int, list[str]]:
        """Begin the plan, or go on with it; how the conductor ended, and the steps that it came to."""
        begun = list(self.world.data.glob("repos/*/plans/[0-9]*"))
        ended = self._conductor.conduct(
            ("plan", "resume" if begun else "run"), cwd=self.world.repo, env=self.world.env, at=at
        )
        self.said.append(f"{ended.code}: {ended.shown}")
        return ended.code, ended.steps

    def is_complete(self) -> bool:
        """Whether a conductor came to the end of all, though it was killed."""
        return bool(list(self.world.data.glob("repos/*/plans/[0-9]*"))) and self.plan.state["status"] == "complete"

    def check(self) -> None:
        """What must hold once the plan is complete."""
        check_complete(self.plan, self.base)
        check_green(self.plan, self.base)
        check_nothing_left(self.plan)
        runs = {name: len(one["dispatches"]) for name, one in self.plan.state["tasks"].items()}
        assert runs == self._runs, f"work was done again, or not again: {runs}"
        wrote = set(self.world.git("diff", "--name-only", self.base, "main").split())
        expected = {f"docs/{name}.txt" for name in runs} | ({"elsewhere.txt"} if "004" in runs else set())
        assert wrote == expected, f"merged was {wrote}"


def step_of(line: str) -> tuple[str, str]:
    """The kind of a step that was written down, and where it is taken."""
    text, _, place = line.partition("\t")
    return text.partition(" ")[0], place


def targets(steps: list[str]) -> list[Target]:
    """The steps that may matter to whoever comes after, in their order, each once, at the last time that one came to it."""
    found: Counter[tuple[str, str]] = Counter()
    for line in steps:
        kind, place = step_of(line)
        if any(part in line for part in _OF_NO_ACCOUNT) and kind not in ("subprocess.Popen", "spawned"):
            continue
        if "plans/" in place:
            found[kind, place] += 1
    return [(*step, count) for step, count in found.items()]


@pytest.mark.plan_case(19)
@pytest.mark.parametrize("chain", range(_CHAINS))
@pytest.mark.parametrize("kind", list(_RUNS))
def test_conductors_that_are_killed_one_after_the_other_are_followed_by_one_that_ends_the_plan(
    world: World, conductor: WarmConductor, kind: str, chain: int
) -> None:
    chance = random.Random(chain)
    killed = KilledPlan(world, conductor, kind)
    chosen = chance.sample(_reference(world, conductor, kind), _KILLS)
    at = [(how, place, chance.randint(1, times)) for how, place, times in chosen]
    told: list[str] = []
    while not killed.is_complete():
        code, steps = killed.conduct(at)
        told.append(f"{code} at {steps[-1]}")
        if code == 0:
            break
        assert code == -9, "\n".join((*told, *killed.said))
        at = [step for step in at if step[:2] != step_of(steps[-1])]
    try:
        killed.check()
    except AssertionError as error:
        raise AssertionError("\n".join((str(error), *told, *killed.said))) from error
    assert len(told) > _KILLS // 4, "too few were killed to show anything"


_known: dict[str, list[Target]] = {}


def _reference(world: World, conductor: WarmConductor, kind: str) -> list[Target]:
    """The steps of a plan that nobody kills, found out once."""
    if kind not in _known:
        with World(world.warm) as quiet:
            killed = KilledPlan(quiet, conductor, kind)
            code, steps = killed.conduct()
            assert code == 0, killed.said
            killed.check()
        _known[kind] = targets(steps)
    return _known[kind]


def _all(world: World, conductor: WarmConductor) -> list[tuple[str, Target]]:
    """Every step of the calm plan, and those that only the other comes to."""
    calm, troubled = (_reference(world, conductor, kind) for kind in _RUNS)
    known = {step[:2] for step in calm}
    return [*(("calm", step) for step in calm), *(("troubled", step) for step in troubled if step[:2] not in known)]


@pytest.mark.skipif(not EVERY_STEP, reason="AGENCY_CHAOS_EVERY_STEP is not set")
@pytest.mark.parametrize("shard", range(_SHARDS))
def test_a_conductor_that_is_killed_at_any_step_is_followed_by_one_that_ends_the_plan(
    world: World, conductor: WarmConductor, shard: int
) -> None:
    failures = []
    for kind, (how, place, times) in _all(world, conductor)[shard::_SHARDS]:
        for time in sorted({1, times}):
            with World(world.warm) as alone:
                killed = KilledPlan(alone, conductor, kind)
                code, _ = killed.conduct([(how, place, time)])
                if code == 0:  # it did not come to it so often this time
                    continue
                try:
                    assert code == -9, f"it ended {code}"
                    code = 0 if killed.is_complete() else killed.conduct()[0]
                    assert code == 0, f"the next one ended {code}"
                    killed.check()
                except AssertionError as error:
                    failures.append(f"killed at {how} {place}, time {time}: {error}\n" + "\n".join(killed.said))
    assert not failures, f"{len(failures)} kills:\n" + "\n".join(failures)
