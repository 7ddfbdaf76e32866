"""``agency plan clean`` and ``agency plan restore``: one plan is put away whole, and nothing else; all of it comes back."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from internal_tests.chaos.killing import run_until
from internal_tests.support.checks import Checks
from internal_tests.support.plans import PlanInWorld, make_plan, task, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World


def under_way(world: World) -> PlanInWorld:
    """A plan whose first task is merged and whose second is being worked on, and whose conductor was killed."""
    plan = make_plan(
        world,
        [task("001", writes="docs"), task("002", writes="code")],
        {"001/": [writes("docs/a.txt")], "002/": [{"delay": 600}]},
    )
    conductor = plan.begin()
    plan.wait_for("task.complete", "001")
    wait_for(lambda: plan.told("session.start", "002"), "the second task to be at work")
    wait_for(lambda: len(present(world)) == len(world.sessions()) == 1, "the run of the first to be put away")
    conductor.kill()
    conductor.wait()
    return plan


def present(world: World) -> list[str]:
    """The ids of the present runs."""
    return [path.name for path in world.data.glob("repos/*/runs/[0-9]*")]


def refs(world: World, place: str = "refs/agency/plans") -> list[str]:
    """The names of the refs below ``place``."""
    return world.git("for-each-ref", "--format=%(refname)", place).split()


def told(world: World, *names: str) -> list[str]:
    """How doctor finds what bears one of these names; things that are well it sums up under others."""
    return [check["state"] for check in Checks(world).all if check["name"] in names]


def of_others(world: World, run: SeenRun) -> tuple[object, ...]:
    """What must not change of what is none of the plan's."""
    return (
        run.meta,
        run.event_names(),
        run.worktree.is_dir(),
        run.session in world.sessions(),
        world.git("rev-parse", run.branch),
        world.git("rev-parse", "main"),
    )


@pytest.mark.plan_case(20)
def test_a_plan_is_put_away_whole_and_nothing_else_and_comes_back_to_be_gone_on_with(world: World) -> None:
    plan = under_way(world)
    other = world.run("other")
    before = of_others(world, other)
    assert Checks(world).state("plan", plan.plan_id) == "note"

    refused = world.agency("plan", "clean")
    assert (refused.code, refused.error_code) == (1, "E_CONFIRMATION_REQUIRED")
    assert len(world.sessions()) == 2
    holds = world.ok("plan", "clean", "--dry-run", "--json").data
    (run,) = [world.find(run_id) for run_id in present(world) if run_id != other.id]
    assert [one["run_id"] for one in holds["runs"]] == [run.id]
    assert [ref.split("/")[-2] for ref in holds["refs"]] == ["001"]
    assert holds["records"] == str(plan.directory)
    assert len(world.sessions()) == 2

    plan_id = plan.plan_id
    cleaned = world.ok("plan", "clean", "--yes")
    assert cleaned.pairs["cleaned"] == plan_id
    assert of_others(world, other) == before
    assert (run.archived, run.worktree.exists(), refs(world)) == (True, False, [])
    assert world.sessions() == [other.session]
    assert world.git("branch", "--list", "agency/*").split() == ["+", other.branch]
    assert world.agency("plan", "status").error_code == "E_PLAN_NOT_FOUND"
    assert told(world, "plan", "worktree", "session", "branch") == []
    assert "already" in world.ok("plan", "clean", plan_id).err

    restored = world.ok("plan", "restore", plan_id, "--json").data
    assert (restored["runs"], restored["failed"]) == ([run.id], [])
    assert run.worktree.is_dir()
    assert [ref.split("/")[-2] for ref in refs(world)] == ["001"]
    plan.agent_plan.write_text(json.dumps({"*": [writes("code/b.txt")]}))
    result = world.agency("plan", "resume")
    assert result.code == 0, result.err
    assert plan.statuses == {"001": "complete", "002": "complete"}
    assert plan.trailers() == ["002", "001"]


def test_a_plan_that_is_driven_is_not_cleaned(world: World) -> None:
    plan = make_plan(world, [task("001", writes="docs")], {"*": [{"delay": 600}]})
    plan.begin()
    plan.wait_for("session.start", "001")
    refused = world.agency("plan", "clean", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_PLAN_BUSY")
    assert len(world.sessions()) == 1
    world.ok("plan", "stop")
    world.ok("plan", "clean", "--yes", "--keep-logs")
    assert world.sessions() == []
    assert plan.events[-1]["event"] == "run.clean.complete"
    assert world.agency("plan", "resume").error_code == "E_PLAN_ENDED"
    world.ok("plan", "clean", "--yes")
    assert world.ok("plan", "runs", "--json").data == []


def test_what_was_cleaned_or_is_complete_goes_with_gc_when_it_is_old(world: World) -> None:
    plan = make_plan(world, [task("001", writes="docs")])
    world.ok("plan", "run")
    first = plan.plan_id
    world.ok("plan", "clean", "--yes")
    (record,) = world.data.glob("repos/*/plans/.trash/*/clean.json")
    assert "plan" not in {item["kind"] for item in world.ok("gc", "--json").data["removed"]}
    long_ago = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    record.write_text(json.dumps({**json.loads(record.read_text()), "finished_at": long_ago}))
    gone = [item for item in world.ok("gc", "--json").data["removed"] if item["kind"] == "plan"]
    assert [item["run_id"] for item in gone] == [first]
    assert (record.parent.exists(), refs(world, "refs/agency/trash/plans")) == (False, [])

    world.ok("plan", "run")
    assert refs(world) == []  # there was nothing left to do
    gone = [item for item in world.ok("gc", "--older-than", "0s", "--json").data["removed"] if item["kind"] == "plan"]
    assert len(gone) == 1
    assert world.ok("plan", "runs", "--json").data == []


def test_a_clean_that_is_killed_anywhere_is_finished_by_the_next(world: World) -> None:
    plan = under_way(world)
    plan_id, at, killed = plan.plan_id, 1, 0
    while True:
        ended = run_until(world, ("plan", "clean", plan_id, "--yes"), at=at)
        if ended.killed and world.ok("plan", "runs", "--json").data:
            if told(world, "plan") == ["warning"]:
                assert world.agency("plan", "resume").error_code == "E_PLAN_ENDED"
            world.ok("plan", "clean", plan_id, "--yes")
        assert plan.leftovers() == {}
        assert refs(world) == []
        assert told(world, "plan", "worktree", "session", "branch") == []
        if not ended.killed:
            break
        world.ok("plan", "restore", plan_id)
        (run_id,) = present(world)
        assert world.find(run_id).worktree.is_dir()
        assert len(refs(world)) == 1
        killed, at = killed + 1, at + 23
    assert killed >= 2
