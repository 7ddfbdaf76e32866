"""A plan of many tasks with locks and dependencies, whose agents fail, hang, conflict, overspend and break things by a fixed
seed, and whose conductor is killed again and again: it ends complete, each task is merged once, and nothing is left over.

With AGENCY_CHAOS_EVERY_STEP it is 40 tasks and 20 kills.
"""

import os
import random
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from internal_tests.chaos.planinvariants import check_complete, check_green, check_nothing_left
from internal_tests.support.plans import Entry, PlanInWorld, make_plan, task, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

TASKS, KILLS = (40, 20) if "AGENCY_CHAOS_EVERY_STEP" in os.environ else (14, 6)
_EACH = TASKS // 14
"""How many tasks misbehave in each way; twice as many conflict."""
_SEED = 40
_LIMIT = 400
_RESOURCES = ("docs", "code", "data", "tools", "web")
_PATIENCE = 240.0
_FAILS: Entry = {"do": [["usage", {"input": 5, "output": 5}], ["fail", "the field has no width"]]}
_HANGS: Entry = {"do": [["say", "I look at it"], ["hang"]]}


def what_agents_do(names: list[str], chance: random.Random) -> dict[str, list[Entry]]:
    """The plan of the demo agent: most tasks just do their work, some of each kind misbehave in their first run. The first ones
    append to the same file, all at the same time."""
    small = {"input": 20, "output": 10}
    good = writes("work/{task}.txt", usage=small)
    agent: dict[str, list[Entry]] = {"*": [good]}
    for name in names[: 2 * _EACH]:
        agent[f"{name}/"] = [{"do": [["wait", 1], ["append", "shared", "{task}\n"]], "usage": small}]
    others = iter(chance.sample(names[2 * _EACH :], 5 * _EACH))
    for _ in range(_EACH):
        agent[f"{next(others)}/"] = [_FAILS, good]
        agent[f"{next(others)}//1"] = [_FAILS]
        agent[f"{next(others)}/"] = [_HANGS, good]
        agent[f"{next(others)}/"] = [writes("work/{task}.txt", usage={"input": _LIMIT, "output": 100})]
        agent[f"{next(others)}//1"] = [writes("broken")]
    return agent


def tasks_of(names: list[str], chance: random.Random) -> list[dict[str, Any]]:
    """The manifests: each locks something or nothing, and waits for up to two tasks before it, but for those that conflict."""
    found = [task(name) for name in names[: 2 * _EACH]]
    for number, name in enumerate(names[len(found) :], len(found)):
        after = chance.sample(names[:number], chance.choice([0, 0, 0, 1, 1, 2]))
        locks = {
            "reads": chance.sample(_RESOURCES, chance.choice([0, 0, 1])),
            "writes": chance.sample(_RESOURCES, chance.choice([0, 0, 1])),
        }
        found.append(task(name, after=sorted(after), locks=locks))
    return found


def decide(plan: PlanInWorld) -> tuple[str, ...]:
    """What a person does about a plan that waits for one; the flags to go on with."""
    flags: tuple[str, ...] = ()
    for name, status in plan.statuses.items():
        if status == "paused":
            flags = ("--max-tokens-per-task", str(10 * _LIMIT))
        elif status in ("needs_human_review", "failed"):
            plan.world.ok("plan", "review", "retry", name)
    return flags


def end_of(conductor: "subprocess.Popen[bytes]", plan: PlanInWorld, *, more: int | None) -> int:
    """The exit code of a conductor, which is killed as soon as so many ``more`` events were told (None: not)."""
    goal = None if more is None else len(plan.events) + more

    def is_time() -> bool:
        return conductor.poll() is not None or (goal is not None and len(plan.events) >= goal)

    wait_for(is_time, f"the conductor to come to event {goal or 'last'}: {plan.saying()}", _PATIENCE)
    if conductor.poll() is None:
        conductor.kill()
    return conductor.wait()


def check_locks(plan: PlanInWorld, manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """No two tasks held what clashes at the same time, from the dispatch of each until it was merged or sent back, and none was
    begun before what it waits for was done."""
    holding: dict[str, Mapping[str, list[str]]] = {}
    done: set[str] = set()
    for event in plan.events:
        name = str(event.get("task_id"))
        if event["event"] == "task.dispatch":
            mine = event["data"]["locks"]
            holding.pop(name, None)
            for other, theirs in holding.items():
                both = set(mine["writes"]) & {*theirs["reads"], *theirs["writes"]}
                both |= set(theirs["writes"]) & set(mine["reads"])
                assert not both, f"{name} and {other} both held {both}"
            assert set(manifests[name].get("dependencies", ())) <= done, f"{name} was begun before what it waits for"
            holding[name] = mine
        elif event["event"] in ("task.complete", "task.reset", "review.asked", "task.paused"):
            holding.pop(name, None)
            done |= {name} if event["event"] == "task.complete" else set()


@pytest.mark.plan_case(11)
@pytest.mark.plan_case(19)
def test_a_plan_of_many_tasks_ends_complete_however_often_its_conductor_is_killed(world: World) -> None:
    chance = random.Random(_SEED)
    names = [f"{number:03}" for number in range(1, TASKS + 1)]
    manifests = tasks_of(names, chance)
    plan = make_plan(
        world,
        manifests,
        what_agents_do(names, chance),
        resources=_RESOURCES,
        manifest_enforcement="off",
        max_parallel=6,
        merge_group=3,
        budgets={"mode": "block", "max_tokens_per_task": _LIMIT},
        healing={"max_attempts": 2, "idle_timeout": "4s"},
    )
    base, kills, ends = plan.main(), 0, []
    conductor, begun = plan.begin(), 1
    while True:
        ends.append(end_of(conductor, plan, more=chance.randint(1, 20) if kills < KILLS else None))
        kills += ends[-1] == -9
        flags: tuple[str, ...] = ()
        if ends[-1] != -9:
            assert ends[-1] in (0, 3), plan.saying()
            if ends[-1] == 0:
                break
            flags = decide(plan)
        begun += 1
        assert begun < KILLS + 12, f"a person is needed again and again: {plan.state}"
        conductor = plan.resume(*flags) if plan.events else plan.begin()
    assert plan.state["status"] == "complete"
    check_complete(plan, base)
    check_green(plan, base)
    check_nothing_left(plan)
    check_locks(plan, {one["id"]: one for one in manifests})
    assert kills == KILLS, f"only {kills} conductors were killed: {ends}"
    for name in ("merge.conflict", "budget.block", "doctor.integration.fail", "task.reset"):
        assert plan.told(name), f"{name} was never told"
    assert plan.told("session.reattach") or plan.told("session.exited_on_resume"), "no worker outlived its conductor"
    most = max(len(one["dispatches"]) for one in plan.state["tasks"].values())
    assert most <= 6, f"a task was given {most} runs"
