"""What must hold of a plan that is complete, however often its conductor was killed on the way, looked at through files, git,
tmux and the process table. Every function raises AssertionError with what it saw."""

import json
from collections import Counter
from collections.abc import Collection

from internal_tests.chaos.invariants import agency_branches, debris, entries, lock_files, worktrees
from internal_tests.support.audit import check_event_logs
from internal_tests.support.plans import PlanInWorld
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


def check_complete(plan: PlanInWorld, base: str, *, empty: Collection[str] = (), skipped: Collection[str] = ()) -> None:
    """The plan is complete, and each of its tasks is in the branch once, on top of ``base``; ``empty`` are the tasks that change
    nothing, ``skipped`` those that a person left out."""
    state = plan.state
    assert state["status"] == "complete", f"{state['status']}: {state['reason']}"
    wrong = {name: one for name, one in plan.statuses.items() if one != ("skipped" if name in skipped else "complete")}
    assert not wrong, f"not complete: {wrong}"
    expected = sorted(set(plan.statuses) - set(empty) - set(skipped))
    merged = Counter(plan.trailers())
    assert sorted(merged.elements()) == expected, f"merged are {merged}, expected {expected}"
    ours = [commit for commit in plan.world.git("rev-list", f"{base}..main").split() if _is_of_task(plan.world, commit)]
    assert len(ours) == len(expected)
    ended = Counter(event["task_id"] for event in plan.events if event["event"] == "task.complete")
    assert all(count == 1 for count in ended.values()), f"told to be complete more than once: {ended}"
    starts = Counter(
        (event["task_id"], event["data"]["number"]) for event in plan.events if event["event"] == "session.start"
    )
    assert all(count == 1 for count in starts.values()), f"told to be started more than once: {starts}"
    numbers = {name: [one["number"] for one in task["dispatches"]] for name, task in state["tasks"].items()}
    assert all(each == list(range(1, len(each) + 1)) for each in numbers.values()), f"dispatches: {numbers}"
    check_event_logs(plan.world.data)


def _is_of_task(world: World, commit: str) -> bool:
    return "\nTask: " in world.git("log", "-1", "--format=%B", commit)


def check_green(plan: PlanInWorld, base: str) -> None:
    """No commit that the branch stood on holds what its doctor refuses, a file called broken."""
    for commit in plan.world.git("rev-list", "--first-parent", f"{base}..main").split():
        names = plan.world.git("ls-tree", "-r", "--name-only", commit).splitlines()
        assert "broken" not in names, f"main was red at {commit}"


def check_nothing_left(plan: PlanInWorld) -> None:
    """No session, process, worktree, branch, run or debris is left, and the checkout stands on the branch as it is."""
    world = plan.world
    assert world.sessions() == [], f"sessions left: {world.sessions()}"
    assert worktrees(world) == [], f"worktrees left: {worktrees(world)}"
    assert entries(world) == [], f"git worktree entries left: {entries(world)}"
    assert agency_branches(world) == [], f"branches left: {agency_branches(world)}"
    runs = [path.name for path in world.data.glob("repos/*/runs/*")]
    assert runs == [], f"runs left: {runs}"
    known = {one["run_id"] for task in plan.state["tasks"].values() for one in task["dispatches"]}
    refs = world.git("for-each-ref", "--format=%(refname)", "refs/agency").split()
    foreign = [ref for ref in refs if not any(part and part in ref for part in (plan.plan_id, *_archived(world)))]
    assert foreign == [], f"refs of nobody: {foreign}; dispatched were {known}"
    wait_for(lambda: not world.processes(), f"the end of {[one.cmdline() for one in world.processes()]}", 10.0)
    assert lock_files(world) == [], f"lock files in .git: {lock_files(world)}"
    assert debris(world) == [], f"debris: {debris(world)}"
    assert world.git("status", "--porcelain", "--branch") == "## main", "the checkout is not as the branch is"
    for path in [*world.data.glob("repos/*/*.json"), *world.data.glob("repos/*/*/*/*.json")]:
        assert isinstance(json.loads(path.read_text()), dict), f"{path} is not a record"


def _archived(world: World) -> list[str]:
    return [path.name for path in world.data.glob("repos/*/archive/*")]
