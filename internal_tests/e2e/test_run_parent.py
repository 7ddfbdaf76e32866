"""The parent of a run: the branch it starts from, and what becomes of uncommitted changes in the parent's checkout."""

import os
from pathlib import Path

import pytest

from internal_tests.support.traces import checkout, traces
from internal_tests.support.world import World, demo_config


@pytest.fixture
def files(world: World) -> Path:
    """A repo with a few committed files, and an ignored one."""
    world.commit(
        {
            "changed.txt": "old\n",
            "removed.txt": "old\n",
            "moved.txt": "moved\n" * 20,
            "run.sh": "#!/bin/sh\n",
            "half.txt": "old\n",
            ".gitignore": "ignored.txt\n",
        }
    )
    return world.repo


@pytest.mark.parametrize("change", ["modified", "staged", "removed", "untracked", "in a new directory"])
def test_uncommitted_changes_in_the_parents_checkout_are_refused(world: World, files: Path, change: str) -> None:
    path = "changed.txt"
    if change == "removed":
        (files / path).unlink()
    elif change in ("untracked", "in a new directory"):
        path = "new.txt" if change == "untracked" else "deep/er/new.txt"
        (files / path).parent.mkdir(parents=True, exist_ok=True)
        (files / path).write_text("new\n")
    else:
        (files / path).write_text("new\n")
    if change == "staged":
        world.git("add", path)
    before = traces(world)
    result = world.agency("run", "dirty", "--detached")
    assert (result.code, result.error_code) == (1, "E_PARENT_DIRTY")
    assert f"  {path}" in result.err.splitlines()
    assert "--take-changes" in result.err and "--allow-dirty" in result.err
    assert traces(world) == before


def test_ignored_files_do_not_make_the_parent_dirty(world: World, files: Path) -> None:
    (files / "ignored.txt").write_text("mine\n")
    assert not (world.run("clean").worktree / "ignored.txt").exists()


def test_allow_dirty_starts_from_the_commit_and_leaves_the_changes_where_they_are(world: World, files: Path) -> None:
    (files / "changed.txt").write_text("new\n")
    (files / "new.txt").write_text("new\n")
    before = checkout(world)
    run = world.run("without", "--allow-dirty")
    assert (run.worktree / "changed.txt").read_text() == "old\n"
    assert not (run.worktree / "new.txt").exists()
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""
    assert checkout(world) == before


def make_every_kind_of_change(world: World, files: Path) -> None:
    """Changes of every kind: unstaged, staged, half of each, removed, moved, mode, link, untracked, ignored."""
    (files / "changed.txt").write_text("new\n")
    (files / "removed.txt").unlink()
    world.git("mv", "moved.txt", "elsewhere.txt")
    (files / "run.sh").chmod(0o755)
    (files / "staged.txt").write_text("staged\n")
    (files / "half.txt").write_text("staged half\n")
    world.git("add", "staged.txt", "half.txt")
    (files / "half.txt").write_text("unstaged half\n")
    (files / "with space ü.txt").write_text("untracked\n")
    (files / "link").symlink_to("changed.txt")
    (files / "deep" / "er").mkdir(parents=True)
    (files / "deep" / "er" / "new.bin").write_bytes(bytes(range(256)))
    (files / "ignored.txt").write_text("mine\n")


def test_take_changes_brings_a_copy_of_every_kind_of_change(world: World, files: Path) -> None:
    make_every_kind_of_change(world, files)
    tree = world.run("with", "--take-changes").worktree
    assert (tree / "changed.txt").read_text() == "new\n"
    assert not (tree / "removed.txt").exists()
    assert not (tree / "moved.txt").exists()
    assert (tree / "elsewhere.txt").read_text() == "moved\n" * 20
    assert os.access(tree / "run.sh", os.X_OK)
    assert (tree / "staged.txt").read_text() == "staged\n"
    assert (tree / "half.txt").read_text() == "unstaged half\n"
    assert (tree / "with space ü.txt").read_text() == "untracked\n"
    assert (tree / "link").readlink() == Path("changed.txt")
    assert (tree / "deep" / "er" / "new.bin").read_bytes() == bytes(range(256))
    assert not (tree / "ignored.txt").exists()


def test_take_changes_leaves_them_uncommitted_in_the_run(world: World, files: Path) -> None:
    (files / "changed.txt").write_text("new\n")
    (files / "new.txt").write_text("new\n")
    run = world.run("with", "--take-changes")
    status = world.git("status", "--porcelain", cwd=run.worktree).splitlines()
    assert [line.strip() for line in status] == ["M changed.txt", "?? new.txt"]
    assert world.git("rev-parse", "HEAD", cwd=run.worktree) == world.git("rev-parse", "main")


def test_take_changes_does_not_touch_the_parents_checkout(world: World, files: Path) -> None:
    make_every_kind_of_change(world, files)
    before = checkout(world)
    world.run("with", "--take-changes")
    assert checkout(world) == before


def test_take_changes_without_changes_is_a_plain_run(world: World, files: Path) -> None:
    run = world.run("nothing", "--take-changes")
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


def test_a_run_starts_from_the_branch_that_parent_names(world: World) -> None:
    world.git("switch", "--quiet", "--create", "topic")
    topic = world.commit({"topic.txt": "topic\n"})
    world.git("switch", "--quiet", "main")
    run = world.run("on-topic", "--parent", "topic")
    assert world.git("rev-parse", "HEAD", cwd=run.worktree) == topic
    assert run.meta["parent_branch"] == "topic"


def test_a_parent_that_is_checked_out_nowhere_is_not_dirty(world: World) -> None:
    world.git("branch", "topic")
    (world.repo / "new.txt").write_text("on main\n")
    assert not (world.run("apart", "--parent", "topic").worktree / "new.txt").exists()


def test_changes_are_looked_for_where_the_parent_is_checked_out(world: World) -> None:
    linked = world.root / "linked"
    world.git("worktree", "add", "--quiet", "-b", "topic", str(linked))
    (linked / "new.txt").write_text("on topic\n")
    assert world.agency("run", "other", "--detached", "--parent", "topic").error_code == "E_PARENT_DIRTY"
    run = world.run("other", "--parent", "topic", "--take-changes")
    assert (run.worktree / "new.txt").read_text() == "on topic\n"


def test_a_run_from_a_linked_worktree_starts_from_the_branch_there(world: World) -> None:
    linked = world.root / "linked"
    world.git("worktree", "add", "--quiet", "-b", "topic", str(linked))
    topic = world.commit({"topic.txt": "topic\n"}, cwd=linked)
    run = world.run("linked", cwd=linked)
    assert run.meta["parent_branch"] == "topic"
    assert world.git("rev-parse", "HEAD", cwd=run.worktree) == topic


def test_the_config_can_name_the_parent(world: World) -> None:
    config = demo_config().replace("{runner: demo}", "{runner: demo, parent: stable}")
    world.commit({"agency.yaml": config})
    world.git("branch", "stable")
    world.commit({"later.txt": "later\n"})
    run = world.run("from-stable")
    assert run.meta["parent_branch"] == "stable"
    assert not (run.worktree / "later.txt").exists()
