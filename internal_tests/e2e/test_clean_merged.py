"""Which commits of a run a clean counts as unmerged: those whose content its parent branch does not have."""

from collections.abc import Callable

import pytest

from internal_tests.support.world import SeenRun, World


def merge_by_fast_forward(world: World, run: SeenRun) -> None:
    """The branch becomes the parent."""
    world.git("merge", "--quiet", "--ff-only", run.branch)


def merge_by_commit(world: World, run: SeenRun) -> None:
    """A merge commit, with other work on the parent before it."""
    world.commit({"other.txt": "other\n"})
    world.git("merge", "--quiet", "--no-ff", "--message=merged", run.branch)


def merge_by_squash(world: World, run: SeenRun) -> None:
    """One commit with the content of all, with other work on the parent before it."""
    world.commit({"other.txt": "other\n"})
    world.git("merge", "--quiet", "--squash", run.branch)
    world.git("commit", "--quiet", "--message=squashed")


def merge_by_squash_and_go_on(world: World, run: SeenRun) -> None:
    """A squash, after which the parent changes the same lines again."""
    merge_by_squash(world, run)
    world.commit({"one.txt": "changed again\n"})


def merge_by_rebase(world: World, run: SeenRun) -> None:
    """The same commits again on top of other work."""
    world.commit({"other.txt": "other\n"})
    world.git("cherry-pick", f"{run.meta['base_commit']}..{run.branch}")


def merge_by_rebase_and_go_on(world: World, run: SeenRun) -> None:
    """The same commits again, after which the parent changes the same lines."""
    merge_by_rebase(world, run)
    world.commit({"one.txt": "changed again\n", "two.txt": "changed again\n"})


def merge_on_the_remote(world: World, run: SeenRun) -> None:
    """Squashed on the remote, fetched, the local parent left behind."""
    remote = world.root / "remote"
    world.git("clone", "--quiet", str(world.repo), str(remote), cwd=world.root)
    world.git("fetch", "--quiet", "origin", run.branch, cwd=remote)
    world.git("merge", "--quiet", "--squash", "FETCH_HEAD", cwd=remote)
    world.git("commit", "--quiet", "--message=squashed", cwd=remote)
    world.git("remote", "add", "origin", str(remote))
    world.git("fetch", "--quiet", "origin")


MERGES: list[Callable[[World, SeenRun], None]] = [
    merge_by_fast_forward,
    merge_by_commit,
    merge_by_squash,
    merge_by_squash_and_go_on,
    merge_by_rebase,
    merge_by_rebase_and_go_on,
    merge_on_the_remote,
]


def with_commits(world: World) -> SeenRun:
    """A run with two commits."""
    run = world.run("worked")
    world.commit({"one.txt": "1\n"}, "one", cwd=run.worktree)
    world.commit({"two.txt": "2\n"}, "two", cwd=run.worktree)
    return run


@pytest.mark.parametrize("merge", MERGES, ids=lambda merge: merge.__name__.removeprefix("merge_"))
def test_merged_work_needs_no_discard(world: World, merge: Callable[[World, SeenRun], None]) -> None:
    run = with_commits(world)
    merge(world, run)
    world.ok("clean", "worked", "--yes")
    assert run.archived


def test_unmerged_commits_are_counted(world: World) -> None:
    with_commits(world)
    result = world.agency("clean", "worked", "--yes")
    assert result.error_code == "E_DIRTY_WORKTREE"
    assert {"uncommitted: 0", "unmerged: 2", "unpushed: 0"} <= set(result.err.splitlines())


def test_work_that_was_merged_in_part_is_counted(world: World) -> None:
    run = with_commits(world)
    world.git("cherry-pick", f"{run.branch}~1")
    result = world.agency("clean", "worked", "--yes")
    assert result.error_code == "E_DIRTY_WORKTREE"
    assert "unmerged: 0" not in result.err.splitlines()


def test_work_that_another_branch_has_is_not_merged(world: World) -> None:
    run = with_commits(world)
    world.git("branch", "elsewhere", run.branch)
    assert world.agency("clean", "worked", "--yes").error_code == "E_DIRTY_WORKTREE"


def test_commits_after_a_squash_are_not_merged(world: World) -> None:
    run = with_commits(world)
    world.commit({"other.txt": "other\n"})
    world.git("merge", "--quiet", "--squash", run.branch)
    world.git("commit", "--quiet", "--message=squashed")
    world.commit({"one.txt": "1\n", "three.txt": "3\n"}, cwd=run.worktree)
    result = world.agency("clean", "worked", "--yes")
    assert result.error_code == "E_DIRTY_WORKTREE"


def test_commits_on_a_detached_head_are_counted(world: World) -> None:
    run = world.run("worked")
    world.git("checkout", "--quiet", "--detach", cwd=run.worktree)
    world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    result = world.agency("clean", "worked", "--yes")
    assert result.error_code == "E_DIRTY_WORKTREE"
    assert "unmerged: 1" in result.err.splitlines()


def test_commits_on_another_branch_of_the_worktree_are_counted(world: World) -> None:
    run = world.run("worked")
    world.git("switch", "--quiet", "--create", "own-branch", cwd=run.worktree)
    world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    assert "unmerged: 1" in world.agency("clean", "worked", "--yes").err.splitlines()


def test_pushed_commits_are_unmerged_but_not_unpushed(world: World) -> None:
    run = with_commits(world)
    world.git("clone", "--quiet", "--bare", str(world.repo), str(world.root / "remote.git"), cwd=world.root)
    world.git("remote", "add", "origin", str(world.root / "remote.git"))
    world.git("push", "--quiet", "origin", run.branch)
    assert {"unmerged: 2", "unpushed: 0"} <= set(world.agency("clean", "worked", "--yes").err.splitlines())


def test_a_parent_branch_that_is_gone_leaves_the_base_to_compare_with(world: World) -> None:
    world.git("switch", "--quiet", "--create", "short-lived")
    with_commits(world)
    world.git("switch", "--quiet", "main")
    world.git("branch", "--quiet", "--delete", "--force", "short-lived")
    assert "unmerged: 2" in world.agency("clean", "worked", "--yes").err.splitlines()


def test_an_ignored_file_is_not_counted(world: World) -> None:
    world.commit({".gitignore": "*.log\n"})
    run = world.run("worked")
    (run.worktree / "debug.log").write_text("noise\n")
    world.ok("clean", "worked", "--yes")


def test_the_tree_counts_when_the_merge_rewrote_the_commits(world: World) -> None:
    run = with_commits(world)
    world.commit({"one.txt": "1\n", "two.txt": "2\n"}, "the same by hand")
    world.ok("clean", "worked", "--yes")
    assert run.archived
