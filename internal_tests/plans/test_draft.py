"""A plan is drafted from a text: by a runner, a stand-in or a file; and drafted anew without losing what a person wrote."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from internal_tests.support.plans import DOCTOR, task
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

SETTINGS = {
    "version": 1,
    "resources": [{"name": "docs", "paths": ["docs/**"]}, {"name": "code", "paths": ["src/**"]}],
    "doctor": DOCTOR,
}


def planned(task_id: str, **more: Any) -> dict[str, Any]:
    """A task as a planner says it."""
    return {**task(task_id, writes=more.pop("writes", "docs"), **more), "spec": f"Do {task_id}."}


def answer(world: World, *tasks: dict[str, Any], name: str = "answer.json") -> str:
    """A file with what a planner says."""
    path = world.root / name
    path.write_text(json.dumps({"tasks": tasks}))
    return str(path)


def prepare(world: World, **settings: Any) -> Path:
    """Give the repo a plan.yaml; where the tasks of the plan work will be."""
    world.commit({"plan.yaml": json.dumps({**SETTINGS, **settings})})
    return world.repo / ".agency" / "plans" / "work"


def what(data: dict[str, Any]) -> dict[str, str]:
    """What a draft did to each task."""
    return {change["directory"]: change["what"] for change in data["changes"]}


def test_a_draft_becomes_files_and_the_next_one_spares_what_a_person_wrote(world: World) -> None:
    place = prepare(world)
    world.ok("plan", "init", "work")
    first = answer(world, planned("001"), planned("002", dependencies=["001"], verify={"doctor": "true", "fast": None}))
    told = world.ok("plan", "draft", "work", "--from", first, "--dry-run", "--json").data
    expected = {"001-first-task": "removed", "001-task-001": "made", "002-task-002": "made"}
    assert what(told) == expected
    assert [path.name for path in (place / "tasks").iterdir()] == ["001-first-task"]
    assert not (place / "_plan.json").exists()

    assert what(world.ok("plan", "draft", "work", "--from", first, "--json").data) == expected
    assert "ok: plan work, 2 tasks" in world.ok("plan", "check", "work").out
    manifest = json.loads((place / "tasks" / "002-task-002" / "manifest.json").read_text())
    assert manifest["dependencies"] == ["001"]
    assert manifest["verify"] == {"doctor": "true"}
    index = json.loads((place / "_plan.json").read_text())
    assert (index["task_count"], [one["dir"] for one in index["tasks"]]) == (2, ["001-task-001", "002-task-002"])
    assert set(what(world.ok("plan", "draft", "work", "--from", first, "--json").data).values()) == {"same"}

    second = answer(world, {**planned("001"), "spec": "Do it otherwise."}, planned("003"))
    spec = place / "tasks" / "002-task-002" / "spec.md"
    spec.write_text("My own words.\n")
    refused = world.agency("plan", "draft", "work", "--from", second)
    assert (refused.code, refused.error_code) == (1, "E_PLAN_EXISTS")
    assert "002-task-002 would be removed" in refused.err
    assert spec.read_text() == "My own words.\n"
    assert (place / "tasks" / "001-task-001" / "spec.md").read_text() == "Do 001.\n"
    forced = world.ok("plan", "draft", "work", "--from", str(place / "_draft.json"), "--force", "--json").data
    assert what(forced) == {"001-task-001": "changed", "002-task-002": "removed", "003-task-003": "made"}
    assert (Path(forced["kept"]) / "002-task-002" / "spec.md").read_text() == "My own words.\n"
    assert sorted(path.name for path in (place / "tasks").iterdir()) == ["001-task-001", "003-task-003"]


def test_everything_that_is_wrong_with_what_was_planned_is_told_at_once(world: World) -> None:
    place = prepare(world)
    world.env.update(
        MOCK_LLM="1",
        MOCK_LLM_OUTPUT_PATH=answer(
            world,
            planned("001", dependencies=["002"]),
            planned("002", dependencies=["001"], locks={"reads": [], "writes": ["nothing"]}),
            planned("003", name="Not Kebab"),
            planned("004", dependencies=["003", "009"], tdd_mode="strict"),
        ),
    )
    (world.repo / "plan.md").write_text("Do things.\n")
    error = world.agency("plan", "draft", "work", "--input", "plan.md", "--json").error
    assert error["code"] == "E_INVALID_PLAN"
    problems = "\n".join(error["details"]["problems"])
    for expected in (
        "they wait for each other: 001, 002",
        "there is no resource nothing",
        "task 003: name",
        "there is no task 009",
        "tdd_mode strict needs it",
    ):
        assert expected in problems, problems
    assert "there is no task 003" not in problems
    assert not (place / "tasks").exists()
    assert str(place / "_draft.json") in error["hint"]


def test_a_runner_plans_in_a_copy_of_the_repo_and_may_mend_its_plan_once(world: World) -> None:
    prepare(world)
    good, bad = answer(world, planned("001")), answer(world, planned("001", writes="nothing"), name="bad.json")
    script = (
        f'pwd > {world.root}/stood-in; case "$1" in *"cannot be used as it is"*nothing*) cat {good};; '
        f'*README.md*"Write a poem"*) cat {bad};; esac; echo spoiled > README.md'
    )
    use_runner(world, ["sh", "-c", script, "planner"])
    (world.repo / "work.md").write_text("Write a poem about walnuts.\n")
    result = world.ok("plan", "draft", "--input", "work.md")
    assert "planned tasks with" in result.err
    assert "001-task-001" in result.out
    assert (world.root / "stood-in").read_text().strip() != str(world.repo)
    assert world.git("status", "--porcelain", "--untracked-files=no") == ""
    assert len(world.git("worktree", "list").splitlines()) == 1
    assert list(world.data.glob("repos/*/worktrees/*")) == []


def test_what_a_killed_draft_left_goes_with_the_next_one(world: World) -> None:
    prepare(world)
    flag, good = world.root / "asked", answer(world, planned("001"))
    use_runner(world, ["sh", "-c", f"test -e {flag} || {{ touch {flag}; sleep 621; }}; cat {good}", "planner"])
    (world.repo / "work.md").write_text("Write a poem.\n")
    draft = world.spawn("plan", "draft", "--input", "work.md")
    wait_for(flag.exists, "the planner to work")
    draft.kill()
    draft.communicate()
    wait_for(lambda: not [one for one in world.processes() if "621" in one.cmdline()], "the planner to end too")
    assert len(world.git("worktree", "list").splitlines()) == 2
    world.ok("plan", "draft", "--input", "work.md")
    assert len(world.git("worktree", "list").splitlines()) == 1
    assert list(world.data.glob("repos/*/worktrees/*")) == []


def test_what_keeps_a_plan_from_being_drafted_is_told_before_anybody_is_asked(world: World) -> None:
    use_runner(world, ["sh", "-c", f"touch {world.root}/asked", "planner"])
    (world.repo / "plan.md").write_text("Do things.\n")
    for words, code in (
        (("--input", "plan.md"), "E_INVALID_PLAN"),
        (("--input", "none.md"), "E_USAGE"),
        ((), "E_USAGE"),
        (("--input", "plan.md", "--mock", "--runner", "planner"), "E_USAGE"),
    ):
        assert world.agency("plan", "draft", "work", *words).error_code == code
    assert not (world.root / "asked").exists()
    prepare(world)
    assert world.agency("plan", "draft", "work", "--input", "plan.md").error_code == "E_NO_ANSWER"
    assert (world.root / "asked").exists()


def use_runner(world: World, command: Sequence[str]) -> None:
    """Make a command the default runner."""
    config = {"version": 1, "defaults": {"runner": "planner"}, "runners": {"planner": {"command": list(command)}}}
    world.commit({"agency.yaml": json.dumps(config)})
