"""``agency restore`` where something is missing: a tree deleted by hand, trash emptied by hand, a record that says less."""

import shutil

from internal_tests.support.gate import Gate, hold_files, spawned
from internal_tests.support.traces import traces
from internal_tests.support.world import SeenRun, World


def cleaned_with_work(world: World, name: str) -> SeenRun:
    """A cleaned run that held a commit, a changed, a removed, an untracked and an ignored file."""
    world.commit({".gitignore": "*.log\n", "changed.txt": "old\n", "removed.txt": "old\n"})
    run = world.run(name)
    world.commit({"done.txt": "done\n"}, cwd=run.worktree)
    (run.worktree / "changed.txt").write_text("new\n")
    (run.worktree / "removed.txt").unlink()
    (run.worktree / "new.txt").write_text("new\n")
    (run.worktree / "debug.log").write_text("noise\n")
    world.ok("clean", name, "--yes", "--discard")
    return run


def test_a_worktree_deleted_by_hand_is_rebuilt_from_its_branch(world: World) -> None:
    run = world.run("gone")
    world.commit({"done.txt": "done\n"}, cwd=run.worktree)
    shutil.rmtree(run.worktree)
    assert world.ok("restore", "gone").pairs["how"] == "rebuilt"
    assert (run.worktree / "done.txt").read_text() == "done\n"
    assert world.git("branch", "--show-current", cwd=run.worktree) == run.branch
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""
    assert (run.worktree / ".agency" / "INSTRUCTIONS.md").exists()


def test_a_rebuilt_worktree_can_be_worked_in(world: World) -> None:
    run = world.run("gone")
    shutil.rmtree(run.worktree)
    world.ok("restore", "gone")
    world.ok("resume", "gone", "--restart", "--yes", "--detached")
    run.wait_for_screen(f"demo agent ready in {run.worktree}")
    assert run.status() == "active"


def test_a_worktree_deleted_and_pruned_by_hand_is_rebuilt(world: World) -> None:
    run = world.run("gone")
    shutil.rmtree(run.worktree)
    world.git("worktree", "prune")
    world.ok("restore", "gone")
    assert world.git("branch", "--show-current", cwd=run.worktree) == run.branch


def test_a_worktree_whose_branch_was_deleted_too_is_rebuilt_where_it_started(world: World) -> None:
    run = world.run("gone")
    base = world.git("rev-parse", run.branch)
    shutil.rmtree(run.worktree)
    world.git("worktree", "prune")
    world.git("branch", "--quiet", "--delete", "--force", run.branch)
    world.ok("restore", "gone")
    assert world.git("rev-parse", run.branch) == base
    assert world.git("rev-parse", "HEAD", cwd=run.worktree) == base


def test_the_link_of_a_worktree_is_mended(world: World) -> None:
    run = world.run("unlinked")
    (run.worktree / "new.txt").write_text("new\n")
    (run.worktree / ".git").unlink()
    world.ok("restore", "unlinked")
    assert world.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"


def test_a_worktree_that_git_forgot_is_mended_without_touching_its_files(world: World) -> None:
    run = world.run("forgotten")
    (run.worktree / "README.md").write_text("changed\n")
    (run.worktree / "new.txt").write_text("new\n")
    shutil.rmtree(world.repo / ".git" / "worktrees")
    world.ok("restore", "forgotten")
    assert world.git("branch", "--show-current", cwd=run.worktree) == run.branch
    assert sorted(world.git("status", "--porcelain", cwd=run.worktree).split("\n")) == ["?? new.txt", "M README.md"]


def test_a_parked_tree_deleted_by_hand_is_rebuilt_with_uncommitted_and_untracked_files(world: World) -> None:
    run = cleaned_with_work(world, "gone")
    for parked in world.data.glob("repos/*/trash/*"):
        shutil.rmtree(parked)
    assert world.ok("restore", "gone").pairs["how"] == "rebuilt"
    assert (run.worktree / "done.txt").read_text() == "done\n"
    assert (run.worktree / "changed.txt").read_text() == "new\n"
    assert not (run.worktree / "removed.txt").exists()
    assert (run.worktree / "new.txt").read_text() == "new\n"
    assert world.git("log", "--format=%s", "main..HEAD", cwd=run.worktree) == "change"


def test_a_tree_rebuilt_from_the_trash_ref_counts_its_work_as_uncommitted(world: World) -> None:
    run = cleaned_with_work(world, "gone")
    for parked in world.data.glob("repos/*/trash/*"):
        shutil.rmtree(parked)
    world.ok("restore", "gone")
    status = [line.strip() for line in world.git("status", "--porcelain", cwd=run.worktree).splitlines()]
    assert sorted(status) == ["?? new.txt", "D removed.txt", "M changed.txt"]


def test_a_deleted_branch_is_rebuilt_with_a_deleted_tree(world: World) -> None:
    run = world.run("gone")
    tip = world.commit({"done.txt": "done\n"}, cwd=run.worktree)
    world.ok("clean", "gone", "--yes", "--discard", "--delete-branch")
    for parked in world.data.glob("repos/*/trash/*"):
        shutil.rmtree(parked)
    world.ok("restore", "gone")
    assert world.git("rev-parse", run.branch) == tip
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


def test_what_stands_where_the_worktree_was_is_not_overwritten(world: World) -> None:
    run = cleaned_with_work(world, "gone")
    run.worktree.mkdir()
    (run.worktree / "in the way").write_text("somebody else's\n")
    result = world.agency("restore", "gone")
    assert (result.code, result.error_code) == (1, "E_STORE_FAILED")
    assert str(run.worktree) in result.err
    assert run.archived
    assert (run.worktree / "in the way").read_text() == "somebody else's\n"
    shutil.rmtree(run.worktree)
    assert world.ok("restore", "gone").pairs["how"] == "unparked"
    assert (run.worktree / "new.txt").read_text() == "new\n"


def test_a_run_interrupted_while_its_tree_was_filled_is_finished(world: World) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.commit({"a.held": "content\n"})
    with spawned(world, "run", "cut", "--detached") as command:
        gate.wait()
        command.process.kill()
        command.end()
    gate.open()
    (row,) = world.runs()
    assert row["derived_status"] == "interrupted (create)"
    world.ok("restore", "cut")
    run = world.find(row["run_id"])
    assert (run.worktree / "a.held").read_text() == "content\n"
    world.ok("resume", "cut", "--detached")
    assert run.status() == "active"


def test_the_repository_itself_gone_is_told(world: World) -> None:
    run = cleaned_with_work(world, "gone")
    shutil.rmtree(world.repo)
    result = world.agency("restore", run.id, cwd=world.home)
    assert (result.code, result.error_code) == (1, "E_NO_REPO")
    assert run.archived


def test_an_unknown_name_is_told_and_makes_nothing(world: World) -> None:
    before = traces(world)
    assert world.agency("restore", "never-was").error_code == "E_RUN_NOT_FOUND"
    assert traces(world) == before
