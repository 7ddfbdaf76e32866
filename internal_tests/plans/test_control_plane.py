"""The control plane at work in a plan: locks that follow from files, scope by components, a doctor for the components alone."""

import json
from typing import Any

import pytest

from internal_tests.support.plans import PlanInWorld, make_plan, task, writes
from internal_tests.support.world import World

CONTROL: dict[str, Any] = {
    "enabled": True,
    "components": [
        {"id": "front", "roots": ["front"], "depends_on": ["lib"]},
        {"id": "back", "roots": ["back"], "depends_on": ["lib"]},
        {"id": "lib", "roots": ["lib"]},
    ],
}


def files_task(task_id: str, *patterns: str, **more: Any) -> dict[str, Any]:
    """A task that declares files and no locks."""
    return task(task_id, locks={"writes": []}, files={"writes": list(patterns)}, **more)


def overlap(plan: PlanInWorld, one: str, other: str) -> bool:
    """Whether both were worked on at the same time."""

    def span(task_id: str) -> tuple[int, int]:
        numbers = {event["event"]: event["seq"] for event in plan.events if event.get("task_id") == task_id}
        return numbers["session.start"], numbers["session.ended"]

    (begun, ended), (other_begun, other_ended) = span(one), span(other)
    return begun < other_ended and other_begun < ended


@pytest.mark.plan_case(22)
def test_locks_follow_from_files_and_scope_from_components(world: World) -> None:
    plan = make_plan(
        world,
        [
            files_task("001", "front/new.txt"),
            files_task("002", "back/new.txt"),
            files_task("003", "front/other.txt", dependencies=["001"]),
        ],
        {
            "001/": [writes("front/new.txt", delay=1.5)],
            "002/": [writes("back/new.txt", delay=1.5)],
            "003/": [{"do": [["write", "front/other.txt", "x"], ["write", "lib/more.txt", "y"]], "say": "done"}],
        },
        control_plane=CONTROL,
        manifest_enforcement="block",
        resources=[],
    )
    result = world.agency("plan", "run")
    assert result.code == 0, result.err
    # Files that are yet to be made are placed by their directories: the two are worked on at once.
    assert overlap(plan, "001", "002")
    locks = {task_id: plan.told("task.lock_derivation", task_id)[0]["resources"] for task_id in plan.statuses}
    assert locks == {"001": ["component:front"], "002": ["component:back"], "003": ["component:front"]}
    # What a task changed is measured against its own base: nobody is charged with what others merged before.
    assert plan.told("manifest.compliance.pass", "001")[0]["changed_files"] == ["front/new.txt"]
    assert plan.told("manifest.compliance.block", "003")[0]["changed_files"] == ["front/other.txt", "lib/more.txt"]
    (wider,) = plan.told("task.rescope.updated", "003")
    assert (wider["added_locks"], wider["added_files"]) == (["component:lib"], ["lib/more.txt"])
    assert [one["why"] for one in plan.state["tasks"]["003"]["dispatches"]] == ["first", "rescope"]
    reach = plan.told("task.blast_radius", "003")[-1]
    assert (reach["touched_components"], reach["impacted_components"]) == (["front", "lib"], ["back", "front", "lib"])
    assert json.loads((plan.directory / "reports/003/change-2.json").read_text())["tier"] == reach["tier"] == 1


@pytest.mark.plan_case(22)
def test_a_scoped_doctor_stands_in_for_that_of_the_task(world: World) -> None:
    checks = {"mode": "enforce", "commands_by_component": {"front": "test -e front/new.txt"}}
    plan = make_plan(
        world,
        [files_task("001", "front/**", verify={"doctor": "exit 1"})],
        {"001/": [writes("front/new.txt")]},
        control_plane={**CONTROL, "checks": checks},
        resources=[],
    )
    result = world.agency("plan", "run")
    assert result.code == 0, result.err
    (chosen,) = plan.told("task.checkset", "001")
    assert (chosen["enforced"], chosen["reason"]) == (True, None)
    assert "front/new.txt" in chosen["command"]
