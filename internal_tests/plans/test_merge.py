"""Merged plans, and what keeps finished work out of the branch: the doctor of the whole, conflicts, a branch that moves."""

import json

import pytest

from internal_tests.support.plans import DOCTOR, make_plan, plan_settings, task, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


@pytest.mark.plan_case(1)
@pytest.mark.plan_case(3)
@pytest.mark.plan_case(8)
@pytest.mark.plan_case(14)
def test_tasks_that_lock_different_things_are_worked_on_together_and_merged_one_by_one(world: World) -> None:
    gate = {"do": [["wait_for", str(world.root / "both")], ["write", "docs/{task}.txt", "made\n"]]}
    plan = make_plan(
        world,
        [task("001", writes="docs"), task("2", writes="code"), task("003", writes="docs")],
        {"2/": [writes("code/b.txt")], "*": [gate]},
        stages={"2": "backlog", "003": "active"},
        max_parallel=2,
    )
    base = plan.main()
    files = world.git("ls-files", ".agency")
    conductor = plan.begin()
    plan.wait_for("session.start", "001")
    plan.wait_for("session.start", "2")
    assert plan.told("task.dispatch", "003") == [], "it was begun although another holds its lock"
    (world.root / "both").touch()
    assert conductor.wait(60) == 0, plan.saying()
    assert plan.state["status"] == "complete" and set(plan.statuses.values()) == {"complete"}
    assert sorted(plan.trailers()) == ["001", "003", "2"]
    assert world.git("rev-list", "--count", f"{base}..main") == "3", "other commits than one for each task"
    for commit in world.git("rev-list", f"{base}..main").split():
        names = world.git("show", "--name-only", "--format=", commit).split()
        assert len(names) == 1 and names[0].endswith(".txt"), names
        assert world.git("log", "-1", "--format=%an", commit) == "tester"
    assert (world.repo / "docs/001.txt").exists() and (world.repo / "code/b.txt").exists()
    assert world.git("status", "--porcelain", "--branch") == "## main", "the checkout was not brought along"
    assert world.git("ls-files", ".agency") == files, "the files of the plan were moved"
    assert [told["exit_code"] for told in plan.told("doctor.integration.pass")] == [0, 0, 0]
    assert [(told["exit_code"], told["env_var"]) for told in plan.told("doctor.canary.expected_fail")] == [
        (1, "ORCH_CANARY")
    ] * 3
    merged = [one["merged"] for one in plan.state["tasks"].values()]
    assert world.git("rev-parse", "main") in merged and len(set(merged)) == 3
    assert plan.leftovers() == {}


@pytest.mark.plan_case(8)
def test_the_canary_is_left_out_or_tells_of_a_doctor_that_always_says_yes(world: World) -> None:
    tasks = [task("001", writes="docs"), task("002", writes="docs")]
    plan = make_plan(world, tasks, doctor="true", doctor_canary={"mode": "off"})
    plan.carry_out("--tasks", "001")
    assert plan.told("doctor.canary.skipped")[0]["reason"] == "disabled_by_config"
    assert plan.told("doctor.canary.start") == []
    world.commit({"plan.yaml": plan_settings(doctor="true", doctor_canary={"env_var": "BIRD"})})
    said = plan.carry_out("--tasks", "002").err
    (told,) = plan.told("doctor.canary.unexpected_pass")
    assert (told["env_var"], told["severity"], told["exit_code"]) == ("BIRD", "warn", 0)
    assert "warning: the doctor succeeds with BIRD=1" in said
    assert sorted(plan.trailers()) == ["001", "002"]


@pytest.mark.plan_case(7)
def test_the_task_at_fault_is_found_in_a_group_and_the_branch_is_never_red(world: World) -> None:
    plan = make_plan(
        world,
        [task("001"), task("002"), task("003")],
        {"002/": [writes("broken")], "*": [writes("{task}.txt")]},
        resources=[],
        merge_group=3,
        manifest_enforcement="off",
    )
    conductor = plan.begin()
    plan.wait_for("task.dispatch", "003")
    (world.repo / "README.md").write_text("nothing can be merged meanwhile\n")
    wait_for(lambda: list(plan.statuses.values()).count("validated") == 3, "all tasks to be finished", 40)
    world.git("checkout", "--quiet", "README.md")
    assert conductor.wait(60) == 3, plan.saying()
    assert plan.told("merge.bisect")[0] == {"tasks": ["001", "002", "003"], "parts": [["001", "002"], ["003"]]}
    assert plan.statuses == {"001": "complete", "002": "needs_human_review", "003": "complete"}
    review = plan.state["tasks"]["002"]["review"]
    assert review["by"] == "doctor" and review["report"].endswith(".log")
    assert plan.told("doctor.integration.fail")[0]["exit_code"] == 1
    assert plan.told("run.paused")[0]["blocked_tasks"] == ["002"]
    for commit in world.git("rev-list", "--first-parent", "main").split():
        assert "broken" not in world.git("ls-tree", "--name-only", commit).split()
    before = plan.main()
    listed = world.ok("plan", "review", "ls", "--json").data
    assert [(one["task_id"], one["review"]["by"]) for one in listed] == [("002", "doctor")]
    plan.go_on(code=3)
    assert plan.main() == before, "a task that needs a person was merged"
    world.ok("plan", "review", "skip", "002")
    plan.go_on()
    assert plan.main() == before and plan.leftovers() == {}


@pytest.mark.plan_case(9)
def test_a_task_that_conflicts_is_done_again_on_what_was_merged_with_the_conflict_told(world: World) -> None:
    gate = ["wait_for", str(world.root / "both")]
    plan = make_plan(
        world,
        [task("001"), task("002")],
        {
            "*": [{"do": [gate, ["write", "shared", "{task}\n"]]}],
            **{
                f"{name}//2": [{"do": [["prompt", "seen"], ["append", "shared", "{task}\n"]]}]
                for name in ("001", "002")
            },
        },
        manifest_enforcement="off",
    )
    conductor = plan.begin()
    plan.wait_for("session.start", "001")
    plan.wait_for("session.start", "002")
    (world.root / "both").touch()
    assert conductor.wait(60) == 0, plan.saying()
    conflicts = plan.told("merge.conflict")
    assert [(told["paths"], told["action"]) for told in conflicts] == [(["shared"], "rescheduled")]
    again = next(one for one in plan.state["tasks"].values() if one["conflicts"])
    assert [one["why"] for one in again["dispatches"]] == ["first", "conflict"]
    assert sorted(world.git("show", "main:shared").split()) == ["001", "002"], "work was lost"
    told = world.git("show", "main:seen")
    assert "conflicts with what others merged into main" in told and "in: shared" in told
    assert sorted(plan.trailers()) == ["001", "002"]
    assert plan.leftovers() == {}


@pytest.mark.plan_case(10)
def test_a_branch_that_moved_while_a_task_was_judged_is_not_moved_back(world: World) -> None:
    waits = f"while test -e {world.root}/wait; do sleep 0.05; done; {DOCTOR}"
    plan = make_plan(world, [task("001", writes="docs")], doctor=waits)
    (world.root / "wait").touch()
    conductor = plan.begin()
    plan.wait_for("merge.start")
    wait_for(lambda: list(plan.directory.glob("logs/doctor-*.log")), "the doctor to be at work")
    theirs = world.commit({"theirs.txt": "theirs\n"}, "theirs")
    (world.root / "wait").unlink()
    assert conductor.wait(60) == 0, plan.saying()
    (blocked,) = plan.told("merge.blocked")
    assert (blocked["reason"], blocked["action"]) == ("main_advanced", "again")
    assert len(plan.told("doctor.integration.pass")) == 2, "it was not judged again"
    assert world.git("rev-parse", "main^") == theirs
    assert plan.trailers() == ["001"] and plan.leftovers() == {}


@pytest.mark.plan_case(18)
@pytest.mark.plan_case(10)
def test_uncommitted_changes_of_the_checkout_are_left_alone_and_make_merges_wait(world: World) -> None:
    plan = make_plan(world, [task("001", writes="docs")])
    conductor = plan.begin()
    plan.wait_for("session.start")
    (world.repo / "README.md").write_text("mine\n")
    plan.wait_for("merge.blocked")
    assert plan.told("merge.blocked")[0]["reason"] == "E_TARGET_DIRTY"
    assert (world.repo / "README.md").read_text() == "mine\n" and plan.trailers() == []
    world.git("checkout", "--quiet", "README.md")
    assert conductor.wait(60) == 0, plan.saying()
    assert plan.trailers() == ["001"]
    assert json.loads(world.ok("plan", "status", "--json").out)["data"]["status"] == "complete"


@pytest.mark.plan_case(10)
def test_two_conductors_of_one_repo_merge_beside_each_other(world: World) -> None:
    gate = {"do": [["wait_for", str(world.root / "both")], ["write", "{task}.txt", "made\n"]]}
    names = ["001", "002", "003", "004"]
    plan = make_plan(world, [task(name) for name in names], {"*": [gate]}, manifest_enforcement="off")
    base = plan.main()
    conductors = [plan.begin("--tasks", "001,002"), plan.begin("--tasks", "003,004")]

    def at_work() -> bool:
        return len([name for name in world.sessions() if name.startswith("agency_")]) == 4

    wait_for(at_work, "all four tasks to be worked on", 60)
    (world.root / "both").touch()
    assert [one.wait(60) for one in conductors] == [0, 0], plan.saying()
    assert sorted(plan.trailers()) == names, "work was lost"
    assert world.git("rev-list", "--count", f"{base}..main") == "4"
    assert [one["status"] for one in world.ok("plan", "runs", "--json").data] == ["complete", "complete"]
    assert plan.leftovers() == {}
