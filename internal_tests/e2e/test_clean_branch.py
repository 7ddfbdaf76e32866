"""The branch of a run after its clean: kept while it holds commits, and nobody else's branch is ever deleted."""

import json

from internal_tests.support.world import SeenRun, World


def branches(world: World) -> list[str]:
    """The local branches."""
    return world.git("branch", "--format=%(refname:short)").splitlines()


def with_commit(world: World, name: str) -> SeenRun:
    """A run with a commit."""
    run = world.run(name)
    world.commit({"done.txt": "done\n"}, cwd=run.worktree)
    return run


def give_branch(run: SeenRun, branch: str) -> None:
    """Make the record name another branch, as no command does."""
    path = run.directory / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "branch": branch}))


def test_a_branch_without_commits_goes(world: World) -> None:
    run = world.run("empty")
    world.ok("clean", "empty", "--yes")
    assert branches(world) == ["main"]
    (deleted,) = [event["data"] for event in run.events if event["event"] == "branch_deleted"]
    assert deleted == {"branch": run.branch, "commit": world.git("rev-parse", "main")}


def test_a_branch_with_commits_stays(world: World) -> None:
    run = with_commit(world, "worked")
    tip = world.git("rev-parse", run.branch)
    result = world.ok("clean", "worked", "--yes", "--discard")
    assert result.pairs["branch"] == f"{run.branch} (kept)"
    assert world.git("rev-parse", run.branch) == tip


def test_a_merged_branch_with_commits_stays(world: World) -> None:
    run = with_commit(world, "worked")
    world.git("merge", "--quiet", run.branch)
    world.ok("clean", "worked", "--yes")
    assert run.branch in branches(world)


def test_delete_branch_deletes_it_and_its_commits_are_kept(world: World) -> None:
    run = with_commit(world, "worked")
    tip = world.git("rev-parse", run.branch)
    result = world.ok("clean", "worked", "--yes", "--discard", "--delete-branch")
    assert result.pairs["branch"] == f"{run.branch} (deleted)"
    assert branches(world) == ["main"]
    world.git("reflog", "expire", "--expire=all", "--all")
    world.git("gc", "--quiet", "--prune=now")
    assert world.git("cat-file", "-t", tip) == "commit"


def test_delete_branch_alone_does_not_put_unmerged_commits_away(world: World) -> None:
    run = with_commit(world, "worked")
    assert world.agency("clean", "worked", "--yes", "--delete-branch").error_code == "E_DIRTY_WORKTREE"
    assert run.branch in branches(world)


def test_a_default_branch_is_never_deleted(world: World) -> None:
    run = world.run("odd")
    give_branch(run, "main")
    result = world.agency("clean", "odd", "--yes", "--discard", "--delete-branch")
    assert result.code == 0, result.err
    assert "main must not be deleted" in result.err
    assert "main" in branches(world)
    assert run.archived


def test_somebody_elses_branch_is_never_deleted(world: World) -> None:
    run = world.run("odd")
    world.git("branch", "feature/mine")
    give_branch(run, "feature/mine")
    assert world.agency("clean", "odd", "--yes", "--discard", "--delete-branch").code == 0
    assert "feature/mine" in branches(world)
    assert run.archived


def test_the_branch_of_another_run_is_never_deleted(world: World) -> None:
    other, run = world.run("other"), world.run("odd")
    give_branch(run, other.branch)
    assert world.agency("clean", "odd", "--yes", "--discard", "--delete-branch").code == 0
    assert other.branch in branches(world)
    assert run.archived


def test_a_branch_that_stands_in_another_checkout_stays_and_the_clean_goes_on(world: World) -> None:
    run = world.run("lent")
    world.git("checkout", "--quiet", "--detach", cwd=run.worktree)
    world.git("switch", "--quiet", run.branch)
    result = world.agency("clean", "lent", "--yes", "--delete-branch")
    assert result.code == 0
    assert f"{run.branch} must not be deleted: it is checked out at {world.repo}" in result.err
    assert run.archived
    assert world.git("branch", "--show-current") == run.branch


def test_a_branch_that_the_runner_made_stays(world: World) -> None:
    run = world.run("worked")
    world.git("switch", "--quiet", "--create", "side", cwd=run.worktree)
    world.commit({"side.txt": "side\n"}, cwd=run.worktree)
    world.ok("clean", "worked", "--yes", "--discard", "--delete-branch")
    assert branches(world) == ["main", "side"]
    assert run.archived


def test_a_branch_that_was_deleted_by_hand_does_not_hinder(world: World) -> None:
    run = world.run("gone")
    world.git("checkout", "--quiet", "--detach", cwd=run.worktree)
    world.git("branch", "--quiet", "--delete", run.branch)
    world.ok("clean", "gone", "--yes")
    assert run.archived


def test_a_branch_that_was_deleted_under_the_worktree_does_not_hinder(world: World) -> None:
    run = world.run("gone")
    world.git("update-ref", "-d", f"refs/heads/{run.branch}")
    result = world.agency("clean", "gone", "--yes", "--discard")
    assert result.code == 0, result.err
    assert run.archived
