"""``agency diff``: everything a run changed since its parent, committed or not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from internal_tests.support.footprint import footprint
from internal_tests.support.world import SeenRun, World


@pytest.fixture
def run(world: World) -> SeenRun:
    """A run of a repo with a few files."""
    world.commit({"kept.txt": "kept\n", "old.txt": "old\n" * 20, "gone.txt": "gone\n"})
    return world.run("work")


def diff(world: World, *words: str) -> str:
    """What ``agency diff`` prints."""
    return world.ok("diff", "work", *words).out


def changed(world: World) -> list[str]:
    """The files that ``agency diff --name-only`` names."""
    return diff(world, "--name-only").splitlines()


def test_a_run_that_changed_nothing_shows_nothing(world: World, run: SeenRun) -> None:
    assert diff(world) == ""


def test_committed_work_is_shown(world: World, run: SeenRun) -> None:
    world.commit({"new.txt": "new line\n"}, cwd=run.worktree)
    assert "+new line" in diff(world)


def test_uncommitted_work_is_shown(world: World, run: SeenRun) -> None:
    (run.worktree / "kept.txt").write_text("kept\nand more\n")
    assert "\n+and more\n" in diff(world)
    assert changed(world) == ["kept.txt"]


def test_staged_work_is_shown(world: World, run: SeenRun) -> None:
    (run.worktree / "staged.txt").write_text("staged\n")
    world.git("add", "staged.txt", cwd=run.worktree)
    assert changed(world) == ["staged.txt"]


def test_untracked_files_are_shown(world: World, run: SeenRun) -> None:
    (run.worktree / "deep" / "er").mkdir(parents=True)
    (run.worktree / "deep" / "er" / "new.txt").write_text("found\n")
    assert "+++ b/deep/er/new.txt" in diff(world)


def test_ignored_files_are_not_shown(world: World, run: SeenRun) -> None:
    (run.worktree / ".gitignore").write_text("*.log\n")
    (run.worktree / "noise.log").write_text("noise\n")
    assert changed(world) == [".gitignore"]


def test_deleted_files_are_shown(world: World, run: SeenRun) -> None:
    (run.worktree / "gone.txt").unlink()
    assert "deleted file mode" in diff(world)
    assert "-gone" in diff(world)


def test_a_file_that_was_moved_is_shown_as_renamed(world: World, run: SeenRun) -> None:
    (run.worktree / "old.txt").rename(run.worktree / "new-name.txt")
    shown = diff(world)
    assert "rename from old.txt" in shown
    assert "rename to new-name.txt" in shown


def test_binary_files_are_named(world: World, run: SeenRun) -> None:
    (run.worktree / "picture.bin").write_bytes(bytes(range(256)))
    assert "Binary files /dev/null and b/picture.bin differ" in diff(world)


def test_a_file_that_became_executable_is_shown(world: World, run: SeenRun) -> None:
    (run.worktree / "kept.txt").chmod(0o755)
    assert "new mode 100755" in diff(world)


def test_work_undone_again_is_not_shown(world: World, run: SeenRun) -> None:
    world.commit({"kept.txt": "changed\n"}, cwd=run.worktree)
    (run.worktree / "kept.txt").write_text("kept\n")
    assert diff(world) == ""


def test_committed_and_uncommitted_work_is_one_patch(world: World, run: SeenRun) -> None:
    world.commit({"a.txt": "one\n"}, cwd=run.worktree)
    (run.worktree / "a.txt").write_text("one\ntwo\n")
    assert diff(world).count("diff --git") == 1
    assert "+one\n+two" in diff(world)


def test_what_the_parent_did_meanwhile_is_not_shown(world: World, run: SeenRun) -> None:
    world.commit({"mine.txt": "mine\n"}, cwd=run.worktree)
    world.commit({"theirs.txt": "theirs\n", "kept.txt": "changed by others\n"})
    assert changed(world) == ["mine.txt"]


def test_what_was_merged_from_the_parent_is_not_shown(world: World, run: SeenRun) -> None:
    world.commit({"mine.txt": "mine\n"}, cwd=run.worktree)
    world.commit({"theirs.txt": "theirs\n"})
    world.git("merge", "--quiet", "--no-edit", "main", cwd=run.worktree)
    assert changed(world) == ["mine.txt"]


def test_a_parent_branch_that_is_gone_leaves_the_commit_the_run_started_from(world: World) -> None:
    world.git("branch", "topic")
    run = world.run("work", "--parent", "topic")
    world.git("branch", "-D", "topic")
    world.commit({"mine.txt": "mine\n"}, cwd=run.worktree)
    assert changed(world) == ["mine.txt"]


def test_the_patch_makes_the_parent_the_same(world: World, run: SeenRun) -> None:
    world.commit({"a.txt": "a\n", "kept.txt": "other\n"}, cwd=run.worktree)
    (run.worktree / "old.txt").rename(run.worktree / "new.txt")
    (run.worktree / "gone.txt").unlink()
    (run.worktree / "sp ace ü.txt").write_text("no newline at the end")
    patch = world.root / "patch"
    patch.write_text(diff(world))
    world.git("apply", "--index", str(patch))
    left = subprocess.run(
        ["diff", "-r", "-x", ".git", "-x", ".agency", str(world.repo), str(run.worktree)], check=False
    )
    assert left.returncode == 0


def test_stat_shows_files_and_how_much(world: World, run: SeenRun) -> None:
    world.commit({"a.txt": "1\n2\n3\n"}, cwd=run.worktree)
    (run.worktree / "b.txt").write_text("1\n")
    lines = diff(world, "--stat").splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["a.txt", "b.txt"]
    assert lines[-1] == " 2 files changed, 4 insertions(+)"


@pytest.mark.parametrize("state", ["clean", "staged", "conflict"])
def test_the_run_and_its_index_are_left_alone_to_the_byte(world: World, run: SeenRun, state: str) -> None:
    (run.worktree / "new.txt").write_text("new\n")
    if state == "staged":
        world.git("add", "new.txt", cwd=run.worktree)
        (run.worktree / "new.txt").write_text("newer\n")
    elif state == "conflict":
        world.commit({"kept.txt": "mine\n"}, cwd=run.worktree)
        world.commit({"kept.txt": "theirs\n"})
        world.git("merge", "main", cwd=run.worktree, check=False)
        assert "UU kept.txt" in world.git("status", "--short", cwd=run.worktree)
    places = (run.worktree, _admin_directory(run), world.repo / ".git" / "refs")
    before, events = footprint(*places), run.event_names()
    assert "new.txt" in diff(world)
    assert footprint(*places) == before
    assert run.event_names() == events


def test_a_repository_without_a_commit_inside_the_worktree_is_passed_over(world: World, run: SeenRun) -> None:
    inner = run.worktree / "inner"
    inner.mkdir()
    world.git("init", "--quiet", cwd=inner)
    (inner / "file.txt").write_text("inner\n")
    (run.worktree / "zzz.txt").write_text("outer\n")
    assert changed(world) == ["zzz.txt"]


def test_the_users_habits_in_git_do_not_change_the_patch(world: World, run: SeenRun) -> None:
    (run.worktree / "new.txt").write_text("new\n")
    plain = diff(world)
    (world.home / ".gitconfig").write_text("[color]\n ui = always\n[diff]\n external = false\n[core]\n pager = false\n")
    assert diff(world) == plain


def test_it_works_from_anywhere_and_without_a_session(world: World, run: SeenRun) -> None:
    world.commit({"mine.txt": "mine\n"}, cwd=run.worktree)
    world.ok("kill", "work")
    assert world.ok("diff", "work", "--name-only", cwd=world.root).out == "mine.txt\n"


def test_a_worktree_that_is_gone_is_told(world: World, run: SeenRun) -> None:
    world.ok("kill", "work")
    shutil.rmtree(run.worktree)
    result = world.agency("diff", "work")
    assert (result.code, result.error_code, result.out) == (1, "E_WORKTREE_MISSING", "")
    assert "hint: agency restore work" in result.err


def _admin_directory(run: SeenRun) -> Path:
    """What the repository keeps about the worktree: its index, HEAD and merge state."""
    return Path((run.worktree / ".git").read_text().removeprefix("gitdir: ").strip())
