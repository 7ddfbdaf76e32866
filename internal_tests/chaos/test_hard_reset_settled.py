"""A hard reset that was killed at any step is finished or undone by the commands of a user too, not only by the next worker."""

import os

import pytest

from internal_tests.chaos.jobinvariants import check_done, check_files
from internal_tests.chaos.killedworker import KilledWorker
from internal_tests.chaos.test_worker_steps import SCENARIOS
from internal_tests.chaos.warmworker import WarmWorker
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_EACH = 5
"""Every so manyth step is one to be killed at: the worker that comes next is tested at all of them."""
_WAYS = ((("restore", "job"),), (("clean", "job", "--yes", "--discard"), ("restore", "job")))


@pytest.mark.case(36, "DOC-REQ-005")
def test_restore_and_clean_settle_a_hard_reset_that_was_killed(world: World, worker: WarmWorker) -> None:
    killed = KilledWorker(world, worker, SCENARIOS["hard-reset"])
    code, steps, shown = killed.work()
    assert code == 0, shown
    first, last = (killed.step_of_event(steps, f"hard_reset_{part}") for part in ("started", "finished"))
    failures = []
    for count, at in enumerate(range(first + 1, last + 1, _EACH)):
        killed.stage.put_back()
        code, came_to, _ = killed.work(at=at)
        assert code == -9, came_to[-1]
        half_done = world.runs()[0]["derived_status"] == "interrupted (hard reset)"
        try:
            for words in _WAYS[count % 2]:
                result = world.agency(*words)
                refused = words == ("restore", "job") and result.error_code == "E_NOT_ARCHIVED"
                assert result.code == 0 or (refused and not half_done), result.err
            (row,) = world.runs()
            assert not row["derived_status"].startswith("interrupted") and row["worktree_present"]
            assert world.git("status", "--porcelain", "--branch", cwd=killed.run.worktree).startswith("## agency/job-")
            assert not list(killed.run.worktree.parent.glob("*.rebuild"))
            code, _, shown = killed.work()
            assert code == 0, shown
            check_files(killed.run, killed.scenario.ids)
        except AssertionError as error:
            failures.append(f"killed at {came_to[-1]}; then {_WAYS[count % 2]}:\n    {error}")
    killed.stage.put_back()
    assert not failures, f"{len(failures)} kills:\n" + "\n".join(failures)


@pytest.mark.case(36, "DOC-REQ-005")
def test_resume_finishes_a_swap_that_was_killed_while_no_tree_stood_and_does_what_was_asked_for_then(
    world: World, worker: WarmWorker
) -> None:
    killed = KilledWorker(world, worker, SCENARIOS["hard-reset"])
    run = killed.run
    _, steps, _ = killed.work()
    gone = next(one.number for one in steps if one.kind == "os.rename" and one.what.endswith("evidence/reset-XXXX"))
    killed.stage.put_back()
    killed.work(at=gone - 1)
    told = world.agency("push", "job")
    assert told.error_code == "E_RUN_INCOMPLETE" and "hint: agency resume job goes on with it" in told.err
    for at in (gone + 1, gone, gone + 2):  # what a runner prints may be more or fewer steps
        killed.stage.put_back()
        killed.work(at=at)
        if not os.path.isdir(run.worktree):
            break
    assert not os.path.isdir(run.worktree)
    run.ask("pause")
    world.ok("resume", "job", "--detached")
    run.wait_told("control.pause.active", status="paused")
    run.ask("unpause")
    run.ended()
    wait_for(lambda: run.pane()["dead"] == "1", "the worker to end")
    check_done(run, killed.scenario.ids)
    check_files(run, killed.scenario.ids)
