"""agency is killed at every durable step of opening a conflict; the same command goes on, and what is told as undo undoes it."""

import pytest

from internal_tests.chaos.invariants import data_of, lock_files
from internal_tests.chaos.killing import run_until
from internal_tests.chaos.operations import NAME, fresh, look_at_work, only_run
from internal_tests.chaos.staging import Stage
from internal_tests.support.audit import check_event_logs
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

RESOLVE = ("resolve", NAME, "--start")
_SHARDS = 2


def stopped_in_conflict(world: World) -> None:
    """A run without a session whose commit changes what its parent has changed since."""
    fresh(world)
    run = world.run(NAME)
    world.commit({"src.txt": "changed\n", "own.txt": "own\n"}, "mine", cwd=run.worktree)
    world.ok("kill", NAME)
    world.commit({"src.txt": "changed elsewhere\n"}, "theirs")


@pytest.mark.parametrize("how", ["alone", "together=0.005"])
@pytest.mark.parametrize("shard", range(_SHARDS))
def test_a_kill_while_a_conflict_is_opened_is_gone_on_from(world: World, shard: int, how: str) -> None:
    stopped_in_conflict(world)
    stage, run = Stage(world), only_run(world)
    work = look_at_work(world, run)
    failures: list[str] = []
    at, killed = shard + 1, True
    while killed:
        stage.put_back()
        ended = run_until(world, RESOLVE, at=at, how=how)
        killed = ended.killed
        assert killed or ended.code == 0, ended.said
        wait_for(lambda: "git" not in world.program_names(), "git to end")
        try:
            world.ok(*RESOLVE)
            opened = data_of(run.directory, "conflict_opened")
            assert [(data["old"], data["conflicts"]) for data in opened] == [(work.tip, ["src.txt"])]
            assert world.git("diff", "--name-only", "--diff-filter=U", cwd=run.worktree) == "src.txt"
            assert world.git("rev-parse", f"refs/agency/before/{run.id}") == work.tip
            world.git("rebase", "--abort", cwd=run.worktree)
            assert look_at_work(world, run) == work
            assert world.git("status", "--porcelain", "--branch") == "## main"
            assert lock_files(world) == []
            check_event_logs(world.data)
        except AssertionError as error:
            failures.append(f"killed at {ended.steps[-1]}:\n    {error}")
        at += _SHARDS
    stage.put_back()
    assert not failures, f"{len(failures)} kills of about {at // _SHARDS}:\n" + "\n".join(failures)
