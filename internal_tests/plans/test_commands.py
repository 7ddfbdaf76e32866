"""The commands on plans without a conductor: files that are made, plans that are checked and shown, and everything refused."""

import json

import pytest

from internal_tests.support.plans import make_plan, plan_settings, task
from internal_tests.support.world import World


@pytest.mark.plan_case(20)
def test_init_makes_a_plan_that_can_be_checked_and_keeps_what_was_edited(world: World) -> None:
    made = world.ok("plan", "init", "first", "--json").data
    assert all(one["made"] for one in made) and len(made) == 3
    settings = world.repo / "plan.yaml"
    assert world.ok("plan", "check").out.startswith("ok: plan first, 1 task")
    settings.write_text(settings.read_text() + "max_dispatches: 2\n")
    again = world.ok("plan", "init", "first").out
    assert again.count("kept: ") == 3 and "max_dispatches" in settings.read_text()
    world.ok("plan", "init", "first", "--force")
    assert "max_dispatches" not in settings.read_text()
    assert world.agency("plan", "init", "No Name", "--json").error["code"] == "E_INVALID_NAME"


@pytest.mark.plan_case(20)
def test_everything_that_is_wrong_is_told_at_once_with_file_and_key_and_nothing_is_begun(world: World) -> None:
    plan = make_plan(
        world, [task("001", writes="nix", after=["777"]), task("002", after=["003"]), task("003", after=["002"])]
    )
    told = world.agency("plan", "check", "--json").error
    assert told["code"] == "E_INVALID_PLAN"
    problems = "\n".join(told["details"]["problems"])
    for part in (
        "task 001, locks.writes: there is no resource nix",
        "task 001, dependencies: there is no task 777",
        "they wait for each other: 002, 003",
    ):
        assert part in problems
    manifest = next(world.repo.glob(".agency/plans/work/tasks/001-*/manifest.json"))
    manifest.write_text(json.dumps({**task("001"), "lock": {}, "tdd_mode": "maybe"}))
    (manifest.parents[1] / "002-task-002/spec.md").unlink()
    (world.repo / "plan.yaml").write_text(plan_settings(budgets={"max_tokens_per_task": "many"}))
    told = world.agency("plan", "run", "--json").error
    problems = "\n".join(told["details"]["problems"])
    for part in ("budgets.max_tokens_per_task", str(manifest), "002-task-002/spec.md"):
        assert part in problems, problems
    assert list(world.data.glob("repos/*/plans/*")) == [] and plan.events == []


@pytest.mark.plan_case(20)
def test_a_dry_run_and_everything_that_looks_write_nothing(world: World) -> None:
    make_plan(world, [task("001", writes="docs"), task("002", writes="docs"), task("003", after=["001"])])
    before = sorted(world.data.rglob("*"))
    told = world.ok("plan", "run", "--dry-run", "--json").data
    assert [(one["task_id"], one["at_once"]) for one in told["tasks"]] == [
        ("001", True),
        ("002", False),
        ("003", False),
    ]
    assert "at once" in world.ok("plan", "run", "--dry-run").out
    assert [one["id"] for one in world.ok("plan", "show", "--json").data["tasks"]] == ["001", "002", "003"]
    assert "Do 002." in world.ok("plan", "show", "work", "002").out
    assert world.ok("plan", "runs", "--json").data == []
    for words, code in (
        (("plan", "status"), "E_PLAN_NOT_FOUND"),
        (("plan", "status", "20260101000000-beef"), "E_PLAN_NOT_FOUND"),
        (("plan", "resume", "nix"), "E_PLAN_NOT_FOUND"),
        (("plan", "stop"), "E_PLAN_NOT_FOUND"),
        (("plan", "review", "skip", "001"), "E_PLAN_NOT_FOUND"),
        (("plan", "run", "nix"), "E_PLAN_NOT_FOUND"),
        (("plan", "run", "--tasks", "001,009"), "E_TASK_NOT_FOUND"),
        (("plan", "show", "work", "009"), "E_TASK_NOT_FOUND"),
        (("plan", "run", "--branch", "nix"), "E_PARENT_BRANCH_NOT_FOUND"),
    ):
        refused = world.agency(*words, "--json")
        assert (refused.code, refused.error["code"]) == (1, code), words
        assert refused.error["hint"], words
    assert sorted(world.data.rglob("*")) == before, "something was written"


@pytest.mark.plan_case(20)
def test_a_plan_runs_nothing_that_was_not_allowed(world: World) -> None:
    make_plan(world, [task("001", writes="docs")])
    world.ok("allow", "--yes")
    world.commit({"plan.yaml": plan_settings(doctor="touch /tmp/never")})
    del world.env["AGENCY_ALLOW_SCRIPTS"]
    refused = world.agency("plan", "run", "--json")
    assert (refused.code, refused.error["code"]) == (1, "E_CONSENT_REQUIRED")
    assert list(world.data.glob("repos/*/plans/*")) == []
