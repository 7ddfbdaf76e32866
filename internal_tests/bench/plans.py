"""What is measured of plans: how soon a free slot is used, what many small tasks take, what a conductor costs while others work.

Each plan is one round: the medians are over its tasks. Several rounds are made where that is short.
"""

import subprocess
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psutil

from internal_tests.bench.crowd import new_world
from internal_tests.bench.measure import Row, program
from internal_tests.support.plans import PlanInWorld, make_plan, task
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_TASKS = 200
_PARALLEL = 8
_IDLE_TASKS = 20
_QUICK = """version: 1
defaults: {runner: sh}
runners:
  sh: {command: [/bin/sh, -c], headless: ['%s']}
session: {startup_grace: 0s}
"""


def slot(rounds: int) -> list[Row]:
    """A task's job ends, until the session of the next is there; against the git and tmux that no session can do without."""
    with new_world() as world:
        plan = _plan(world, 30, "echo made > $AGENCY_TASK_ID.txt", max_parallel=1)
        _complete(plan)
        ends = [_moment(event) for event in plan.events if event["event"] == "session.ended"]
        starts = [_moment(event) for event in plan.events if event["event"] == "session.start"]
        gaps = sorted(start - end for end, start in zip(ends, starts[1:], strict=False))
        _keep_server(world)
        bare = sorted(_bare_session(world, number) for number in range(len(gaps)))
    base = bare[len(bare) // 2]
    what = "a free slot to the next session"
    return [Row(what=what, against="git worktree add + tmux new-session", seconds=gaps[len(gaps) // 2], base=base)]


def many(rounds: int) -> list[Row]:
    """200 tasks that do next to nothing, at most 8 at once, against 200 times a bare worktree, session and merge."""
    with new_world() as world:
        plan = _plan(world, _TASKS, "echo made > $AGENCY_TASK_ID.txt", max_parallel=_PARALLEL, merge_group=_PARALLEL)
        took = _complete(plan)
        assert sorted(plan.trailers()) == sorted(f"{number:03d}" for number in range(_TASKS))
    with new_world() as world:
        _keep_server(world)
        begun = time.perf_counter()
        for number in range(_TASKS):
            _bare_session(world, number)
            _bare_merge(world, number)
        bare = time.perf_counter() - begun
    what = f"{_TASKS} small tasks, {_PARALLEL} at once"
    against = f"{_TASKS} times git worktree add + tmux new-session + git merge"
    return [Row(what=what, against=against, seconds=took, base=bare)]


def conductor(rounds: int) -> list[Row]:
    """The processor time of a conductor while 20 tasks are worked on."""
    seconds = 20.0
    with new_world() as world:
        plan = _plan(world, _IDLE_TASKS, "exec sleep 1000", max_parallel=_IDLE_TASKS)
        process = plan.begin()
        wait_for(lambda: len(plan.told("session.start")) == _IDLE_TASKS, "all sessions", 120)
        seen = psutil.Process(process.pid)
        time.sleep(2)
        before = _spent(seen)
        time.sleep(seconds)
        used = _spent(seen) - before
        world.ok("plan", "stop", "--sessions")
    what = f"processor time of a conductor, {_IDLE_TASKS} tasks at work"
    return [Row(what=what, against=f"{seconds:g} s by the clock", seconds=used, base=seconds)]


def _plan(world: World, count: int, line: str, **settings: Any) -> PlanInWorld:
    tasks: list[Mapping[str, Any]] = [
        task(f"{number:03d}", locks={"writes": []}, files={"writes": []}) for number in range(count)
    ]
    plan = make_plan(
        world,
        tasks,
        resources=[],
        doctor="true",
        doctor_canary={"mode": "off"},
        manifest_enforcement="off",
        fallback_resource="all",
        **settings,
    )
    world.commit({"agency.yaml": _QUICK % line})
    return plan


def _complete(plan: PlanInWorld) -> float:
    begun = time.perf_counter()
    result = plan.world.agency("plan", "run", timeout=3600)
    assert result.code == 0, result.err
    return time.perf_counter() - begun


def _keep_server(world: World) -> None:
    """Let the tmux server live on when its other sessions have ended."""
    world.tmux_ask("new-session", "-d", "-s", "keeper", "exec sleep 100000")


def _bare_session(world: World, number: int) -> float:
    tree = str(world.root / "bare" / f"{number}")
    branch = f"bare-{number}"
    seconds = program(["git", "worktree", "add", "--quiet", "-b", branch, tree], world.env, world.repo)(number)
    line = f"echo made > {number}.txt && git add -A && git commit -qm {number}"
    words = ["tmux", "-S", str(world.socket), "-u", "new-session", "-d", "-s", branch, "-c", tree, "sh", "-c", line]
    return seconds + program(words, world.env, world.repo)(number)


def _bare_merge(world: World, number: int) -> None:
    branch = f"bare-{number}"
    wait_for(lambda: world.git("log", "-1", "--format=%s", branch) == str(number), "the work", every=0.01)
    subprocess.run(["git", "merge", "--quiet", "--no-edit", branch], cwd=world.repo, env=world.env, check=True)
    world.git("worktree", "remove", "--force", str(world.root / "bare" / f"{number}"))
    world.git("branch", "-qD", branch)


def _moment(event: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(str(event["timestamp"])).timestamp()


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
