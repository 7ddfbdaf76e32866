"""What earlier runs of a plan completed counts for later ones, as long as it is what it was and where it was merged."""

import json
import shutil

import pytest

from internal_tests.support.plans import PlanInWorld, make_plan, task, writes
from internal_tests.support.world import World

AGENT = {"001/": [writes("docs/a.txt")], "002/": [writes("code/b.txt")], "003/": [writes("code/c.txt")]}


def two_tasks(world: World) -> PlanInWorld:
    """A plan of two tasks of which the second waits for the first, which was completed on its own."""
    plan = make_plan(world, [task("001", writes="docs"), task("002", writes="code", after=["001"])], AGENT)
    result = world.agency("plan", "run", "--tasks", "001")
    assert result.code == 0, result.err
    return plan


def entry(world: World) -> "dict[str, object]":
    """What the ledger says of the first task."""
    data = world.ok("plan", "ledger", "show", "001", "--json").data
    assert isinstance(data, dict)
    return data


@pytest.mark.plan_case(17)
def test_a_task_that_waits_for_what_an_earlier_run_has_done_is_begun(world: World) -> None:
    plan = two_tasks(world)
    first = plan.plan_id
    told = entry(world)
    assert (told["plan_id"], told["merge_commit"], told["why_not"]) == (first, world.git("rev-parse", "main"), None)
    result = world.agency("plan", "run", "--tasks", "002")
    assert result.code == 0, result.err
    assert plan.plan_id != first
    (satisfied,) = plan.told("deps.external_satisfied", "002")
    assert [(one["dep_id"], one["ledger_run_id"]) for one in satisfied["deps"]] == [("001", first)]
    assert plan.trailers() == ["002", "001"]

    # Both are done: nothing is left to do for a third run that takes that over, even from other places than its own.
    world.ok("plan", "clean", first, "--yes")
    result = world.agency("plan", "run", "--reuse-completed")
    assert result.code == 0, result.err
    assert [one["ledger_run_id"] for one in plan.told("task.seeded_complete", "001")] == [first]
    assert plan.told("task.dispatch") == []
    assert plan.statuses == {"001": "complete", "002": "complete"}
    assert world.ok("plan", "ledger", "ls").out.count("yes") == 2


@pytest.mark.plan_case(17)
def test_a_task_that_was_changed_since_does_not_count_until_it_is_done_again(world: World) -> None:
    plan = two_tasks(world)
    world.commit({".agency/plans/work/tasks/001-task-001/spec.md": "Do 001 in another way.\n"})
    assert "changed" in str(entry(world)["why_not"])
    blocked = world.agency("plan", "run", "--tasks", "002")
    assert blocked.code == 4
    (told,) = plan.told("run.blocked")
    assert (told["reason"], told["waiting"]) == ("missing_dependencies", {"002": ["001"]})
    plan_id = plan.plan_id
    plan.agent_plan.write_text(json.dumps({**AGENT, "001/": [writes("docs/a.txt", "otherwise\n")]}))
    assert world.agency("plan", "run", "--tasks", "001", "--reuse-completed").code == 0
    assert plan.told("task.seeded_complete") == []
    assert world.agency("plan", "resume", plan_id).code == 0
    assert plan.trailers() == ["002", "001", "001"]


@pytest.mark.plan_case(17)
def test_what_is_not_in_the_branch_does_not_count(world: World) -> None:
    plan = two_tasks(world)
    world.git("reset", "--quiet", "--hard", "HEAD^")
    assert "is not in main" in str(entry(world)["why_not"])
    result = world.agency("plan", "run", "--reuse-completed")
    assert result.code == 0, result.err
    assert plan.told("task.seeded_complete") == []
    assert plan.trailers() == ["002", "001"]


@pytest.mark.plan_case(17)
def test_an_entry_that_is_damaged_or_gone_is_made_from_the_record_of_the_plan_or_is_an_error(world: World) -> None:
    plan = two_tasks(world)
    whole = entry(world)
    (file,) = world.data.glob("repos/*/plans/ledger/work/001.json")
    file.unlink()
    assert {**entry(world), "completed_at": ""} == {**whole, "completed_at": ""}
    file.write_text("{")
    told = world.ok("plan", "ledger", "show", "001", "--json")
    assert ({**told.data, "completed_at": ""}, plan.plan_id in told.err) == ({**whole, "completed_at": ""}, True)
    shutil.rmtree(plan.directory)
    refused = world.agency("plan", "run", "--tasks", "002")
    assert (refused.code, refused.error_code) == (1, "E_STORE_FAILED")
    assert str(file) in refused.err
