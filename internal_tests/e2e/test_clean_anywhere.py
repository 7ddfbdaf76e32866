"""``agency clean`` in bad places: from elsewhere, with the worktree, its link or the whole repository gone or moved."""

import shutil

from internal_tests.support.traces import file_tree, traces
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, World


def entries(world: World) -> list[str]:
    """The linked worktrees that git knows."""
    return [line for line in world.git("worktree", "list", "--porcelain").splitlines() if line.startswith("worktree ")][
        1:
    ]


def test_from_a_place_outside_any_repository(world: World) -> None:
    run = world.run("far")
    world.ok("clean", "far", "--yes", cwd=world.home)
    assert run.archived
    assert entries(world) == []
    assert world.git("branch", "--list", "agency/*") == ""


def test_from_another_repository(world: World) -> None:
    run = world.run("far")
    other = world.make_repo("other")
    before = traces(world, other).refs
    world.ok("clean", "far", "--yes", cwd=other)
    assert run.archived
    assert entries(world) == []
    assert traces(world, other).refs == before


def test_from_inside_the_worktree_itself(world: World) -> None:
    run = world.run("inside")
    world.ok("clean", "inside", "--yes", cwd=run.worktree)
    assert run.archived
    assert entries(world) == []


def test_by_the_runner_of_the_run_itself(world: World) -> None:
    run = world.run("self", "--runner", "shell")
    run.type(f"{AGENCY} clean self --yes")
    wait_for(lambda: world.processes() == [], "the run to have cleaned itself")
    assert run.event_names()[-1] == "clean_finished"
    assert run.archived
    assert entries(world) == []
    assert world.sessions() == []


def test_with_the_worktree_deleted_by_hand(world: World) -> None:
    run = world.run("gone")
    shutil.rmtree(run.worktree)
    assert run.status() == "worktree missing"
    world.ok("clean", "gone", "--yes")
    assert run.archived
    assert entries(world) == []
    assert world.git("branch", "--list", "agency/*") == ""


def test_with_the_worktree_deleted_and_pruned_by_hand(world: World) -> None:
    run = world.run("gone")
    shutil.rmtree(run.worktree)
    world.git("worktree", "prune")
    world.ok("clean", "gone", "--yes")
    assert run.archived


def test_with_the_worktree_removed_by_git(world: World) -> None:
    run = world.run("gone")
    world.git("worktree", "remove", "--force", str(run.worktree))
    world.ok("clean", "gone", "--yes")
    assert run.archived


def test_with_a_locked_worktree(world: World) -> None:
    run = world.run("locked")
    world.git("worktree", "lock", "--reason=mine", str(run.worktree))
    world.ok("clean", "locked", "--yes")
    assert run.archived
    assert entries(world) == []


def test_commits_are_counted_although_the_worktree_is_gone(world: World) -> None:
    run = world.run("gone")
    world.commit({"done.txt": "done\n"}, cwd=run.worktree)
    shutil.rmtree(run.worktree)
    assert "unmerged: 1" in world.agency("clean", "gone", "--yes").err.splitlines()


def test_with_the_link_of_the_worktree_deleted(world: World) -> None:
    run = world.run("unlinked")
    (run.worktree / "new.txt").write_text("new\n")
    (run.worktree / ".git").unlink()
    result = world.agency("clean", "unlinked", "--yes")
    assert result.error_code == "E_DIRTY_WORKTREE"
    assert "uncommitted: 1" in result.err.splitlines()
    world.ok("clean", "unlinked", "--yes", "--discard")
    assert run.archived
    assert entries(world) == []


def test_with_a_repository_of_its_own_in_the_worktree(world: World) -> None:
    run = world.run("nested")
    (run.worktree / "new.txt").write_text("new\n")
    (run.worktree / ".git").unlink()
    world.git("init", "--quiet", cwd=run.worktree)
    assert world.agency("clean", "nested", "--yes").code == 1
    assert (run.worktree / "new.txt").exists()
    world.ok("clean", "nested", "--yes", "--discard", "--force")
    assert run.archived
    assert entries(world) == []
    (parked,) = world.data.glob("repos/*/trash/*")
    assert (parked / "new.txt").read_text() == "new\n"


def test_with_the_main_checkout_moved_and_the_caller_in_it(world: World) -> None:
    run = world.run("moved")
    (run.worktree / "new.txt").write_text("new\n")
    world.repo = world.repo.rename(world.root / "elsewhere")
    assert "uncommitted: 1" in world.agency("clean", "moved", "--yes").err.splitlines()
    world.ok("clean", "moved", "--yes", "--discard")
    assert run.archived
    assert entries(world) == []
    assert world.git("show", f"refs/agency/trash/{run.id}:new.txt") == "new"


def test_with_the_main_checkout_moved_and_the_caller_elsewhere(world: World) -> None:
    run = world.run("moved")
    world.repo = world.repo.rename(world.root / "elsewhere")
    result = world.agency("clean", "moved", "--yes", cwd=world.home)
    assert (result.code, result.error_code) == (1, "E_NO_REPO")
    assert "cd to where it is now" in result.err
    world.ok("clean", "moved", "--yes", "--repo", str(world.repo), cwd=world.home)
    assert run.archived
    assert entries(world) == []


def test_with_the_repository_deleted_a_clean_must_be_forced(world: World) -> None:
    run = world.run("orphan")
    (run.worktree / "new.txt").write_text("new\n")
    before = file_tree(run.worktree)
    shutil.rmtree(world.repo)
    result = world.agency("clean", "orphan", "--yes", cwd=world.home)
    assert (result.code, result.error_code) == (1, "E_NO_REPO")
    assert file_tree(run.worktree) == before
    result = world.agency("clean", "orphan", "--yes", "--force", cwd=world.home)
    assert result.code == 0, result.err
    assert run.archived and not run.worktree.exists()
    assert world.sessions() == []


def test_with_the_repository_deleted_the_files_are_still_kept(world: World) -> None:
    run = world.run("orphan")
    (run.worktree / "new.txt").write_text("new\n")
    before = file_tree(run.worktree)
    shutil.rmtree(world.repo)
    world.agency("clean", "orphan", "--yes", "--force", cwd=world.home)
    (parked,) = world.data.glob("repos/*/trash/*")
    assert file_tree(parked) == before


def test_with_read_only_directories_in_the_worktree(world: World) -> None:
    run = world.run("stubborn")
    place = run.worktree / "cache" / "deep"
    place.mkdir(parents=True)
    (place / "file").write_text("cached\n")
    place.chmod(0o500)
    place.parent.chmod(0o500)
    world.ok("clean", "stubborn", "--yes", "--discard")
    assert run.archived
