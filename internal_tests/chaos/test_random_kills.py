"""``agency run`` is killed at random moments, many at a time in one repo: whatever it leaves is known and can be cleaned."""

import os
import random
import subprocess
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from internal_tests.chaos.invariants import check_always, check_nothing_left
from internal_tests.chaos.operations import fresh
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

KILLS = int(os.environ.get("AGENCY_CHAOS_KILLS", "500"))
_SHARDS = 5
_AT_ONCE = 3
_SEED = 20260
_IN_FLIGHT = {"git", "agency", "tmux", "tmux: client"}


class Pace:
    """How many seconds an undisturbed run takes at present."""

    def __init__(self, seconds: list[float]) -> None:
        self._last = deque(seconds, maxlen=len(seconds))

    def note(self, seconds: float) -> None:
        """Another one took so long."""
        self._last.append(seconds)

    def typical(self) -> float:
        """The longest of the last ones."""
        return max(self._last)


@pytest.mark.parametrize("shard", range(_SHARDS))
def test_run_killed_at_random_moments_leaves_no_orphan(world: World, shard: int) -> None:
    fresh(world)
    chance = random.Random(_SEED + shard)
    numbers = range(shard, KILLS, _SHARDS)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pace = Pace(list(pool.map(lambda number: _run(world, f"warm-{number}"), range(2 * _AT_ONCE))))
        plans = [(f"kill-{number}", chance.random(), chance.random() < 0.5) for number in numbers]
        killed = sum(pool.map(lambda plan: _kill(world, pace, *plan), plans))
    wait_for(lambda: not world.program_names() & _IN_FLIGHT, "programs in flight to end")

    rows = check_always(world)
    said = Counter(str(row["derived_status"]) for row in rows)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda row: world.ok("clean", row["run_id"], "--yes", "--discard"), rows))
    check_nothing_left(world)
    absent = len(plans) + 2 * _AT_ONCE - len(rows)
    print(
        f"shard {shard}: {killed} of {len(plans)} killed within {pace.typical():.2f} s; {absent} absent, {dict(said)}; 0 orphans"
    )
    assert killed > len(plans) // 3, "too few were killed to show anything"


def _run(world: World, name: str) -> float:
    begun = time.monotonic()
    world.ok("run", name, "--detached")
    return time.monotonic() - begun


def _kill(world: World, pace: Pace, name: str, part: float, with_children: bool) -> bool:
    """Run agency and kill it after ``part`` of the time it usually takes; whether it still ran."""
    begun = time.monotonic()
    process = world.spawn("run", name, "--detached")
    try:
        process.wait(part * pace.typical())
        pace.note(time.monotonic() - begun)
    except subprocess.TimeoutExpired:
        children = psutil.Process(process.pid).children(recursive=True) if with_children else []
        process.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
    process.communicate()
    return process.returncode < 0
