"""Which repository is which: by the GitHub repository it came from, else by itself, wherever it is moved or copied to."""

import shutil
from pathlib import Path

import pytest

from internal_tests.support.traces import traces
from internal_tests.support.world import World

FORMS = [
    "git@github.com:owner/repo.git",
    "git@github.com:owner/repo",
    "github.com:owner/repo.git",
    "ssh://git@github.com/owner/repo.git",
    "ssh://git@github.com:22/owner/repo.git",
    "https://github.com/owner/repo.git",
    "https://github.com/owner/repo",
    "https://github.com/owner/repo/",
    "https://token@github.com/owner/repo.git",
]
OTHERS = [
    "git@gitlab.com:owner/repo.git",
    "git@github.com:owner/other.git",
    "git@github.com:other/repo.git",
    "https://example.com/github.com/owner/repo.git",
    "https://github.com.example.com/owner/repo.git",
    "/somewhere/github.com/owner/repo",
]


def clone_of(world: World, name: str, origin: str) -> Path:
    """A repo of its own whose origin is ``origin``."""
    place = world.make_repo(name)
    world.git("remote", "add", "origin", origin, cwd=place)
    return place


@pytest.fixture
def first(world: World) -> str:
    """The repo id of a clone of the GitHub repository ``owner/repo``, with a run called ``first``."""
    run = world.run("first", cwd=clone_of(world, "first", FORMS[0]))
    assert run.meta["repo_key"] == "github:owner/repo"
    return str(run.meta["repo_id"])


@pytest.mark.parametrize("origin", FORMS)
def test_every_form_of_the_url_names_the_same_repo(world: World, first: str, origin: str) -> None:
    clone = clone_of(world, "second", origin)
    assert [row["name"] for row in world.ok("ls", "--json", cwd=clone).data] == ["first"]
    assert world.run("second", cwd=clone).meta["repo_id"] == first


@pytest.mark.parametrize("origin", OTHERS)
def test_other_urls_name_other_repos(world: World, first: str, origin: str) -> None:
    other = clone_of(world, "second", origin)
    assert world.ok("ls", "--json", cwd=other).data == []
    assert world.run("second", cwd=other).meta["repo_id"] != first


def test_two_clones_share_the_names_of_runs(world: World, first: str) -> None:
    second = clone_of(world, "second", FORMS[5])
    assert world.agency("run", "first", "--detached", cwd=second).error_code == "E_NAME_EXISTS"


def test_a_run_of_one_clone_is_cleaned_and_restored_in_that_clone_from_the_other(world: World, first: str) -> None:
    second = clone_of(world, "second", FORMS[5])
    world.run("other", cwd=second)
    before = traces(world, second).refs
    (row,) = [row for row in world.runs() if row["name"] == "first"]
    run = world.find(row["run_id"])
    (run.worktree / "new.txt").write_text("new\n")
    world.ok("clean", "first", "--yes", "--discard", cwd=second)
    assert len(world.git("worktree", "list", cwd=world.root / "first").splitlines()) == 1
    assert traces(world, second).refs == before
    world.ok("restore", "first", cwd=second)
    assert world.git("rev-parse", "--show-toplevel", cwd=run.worktree) == str(run.worktree)
    assert world.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"


def test_a_repo_keeps_its_runs_when_it_gets_an_origin(world: World) -> None:
    run = world.run("early")
    world.git("remote", "add", "origin", FORMS[0])
    assert [row["name"] for row in world.ok("ls", "--json").data] == ["early"]
    world.ok("clean", "early", "--yes")
    assert run.archived


def test_a_repo_keeps_its_runs_when_its_origin_changes(world: World, first: str) -> None:
    place = world.root / "first"
    world.git("remote", "set-url", "origin", "git@github.com:renamed/repo.git", cwd=place)
    assert [row["name"] for row in world.ok("ls", "--json", cwd=place).data] == ["first"]


@pytest.fixture
def moved(world: World) -> World:
    """A world whose repo has a run called ``kept``, with an untracked file, and was moved after that."""
    run = world.run("kept")
    (run.worktree / "new.txt").write_text("new\n")
    (world.root / "new place").mkdir()
    world.repo = world.repo.rename(world.root / "new place" / "moved")
    return world


def test_a_moved_repo_lists_its_runs(moved: World) -> None:
    (row,) = moved.ok("ls", "--json").data
    assert (row["name"], row["derived_status"]) == ("kept", "active")


def test_a_moved_repo_makes_its_runs_beside_the_old_ones(moved: World) -> None:
    assert moved.run("later").meta["repo_id"] == moved.runs()[-1]["repo_id"]
    assert {row["name"] for row in moved.ok("ls", "--json").data} == {"kept", "later"}


def test_a_moved_repo_does_not_hand_a_name_out_twice(moved: World) -> None:
    assert moved.agency("run", "kept", "--detached").error_code == "E_NAME_EXISTS"


def test_a_run_of_a_moved_repo_is_resumed(moved: World) -> None:
    moved.ok("kill", "kept")
    moved.ok("resume", "kept", "--detached")
    assert moved.runs()[0]["derived_status"] == "active"


def test_a_run_of_a_moved_repo_is_reconnected_by_restore(moved: World) -> None:
    run = moved.find(moved.runs()[0]["run_id"])
    assert moved.git("status", cwd=run.worktree, check=False) == ""
    assert moved.ok("restore", "kept").pairs["how"] == "reconnected"
    assert moved.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"
    assert moved.agency("restore", "kept").error_code == "E_NOT_ARCHIVED"


def test_a_run_of_a_moved_repo_is_cleaned_and_restored(moved: World) -> None:
    run = moved.find(moved.runs()[0]["run_id"])
    moved.ok("clean", "kept", "--yes", "--discard")
    assert len(moved.git("worktree", "list").splitlines()) == 1
    moved.ok("restore", "kept")
    assert moved.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"


def test_a_run_that_was_cleaned_before_the_move_is_restored_after_it(world: World) -> None:
    run = world.run("kept")
    (run.worktree / "new.txt").write_text("new\n")
    world.ok("clean", "kept", "--yes", "--discard")
    world.repo = world.repo.rename(world.root / "moved")
    world.ok("restore", "kept")
    assert world.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"


def test_a_moved_repo_that_was_seen_at_its_new_place_is_found_from_anywhere(moved: World) -> None:
    moved.run("later")
    run = moved.find(next(row["run_id"] for row in moved.runs() if row["name"] == "kept"))
    moved.ok("clean", "kept", "--yes", "--discard", cwd=moved.home)
    assert run.archived
    assert len(moved.git("worktree", "list").splitlines()) == 2


def test_a_copied_repo_is_another_repo(world: World) -> None:
    run = world.run("first")
    copy = world.root / "copy"
    shutil.copytree(world.repo, copy, symlinks=True)
    assert world.ok("ls", "--json", cwd=copy).data == []
    second = world.run("first", cwd=copy)
    assert second.meta["repo_id"] != run.meta["repo_id"]
    assert [row["run_id"] for row in world.ok("ls", "--json", cwd=copy).data] == [second.id]
    assert [row["run_id"] for row in world.ok("ls", "--json").data] == [run.id]


def test_a_copied_repo_does_not_touch_the_runs_of_the_first(world: World) -> None:
    run = world.run("first")
    before = traces(world)
    copy = world.root / "copy"
    shutil.copytree(world.repo, copy, symlinks=True)
    second = world.run("second", cwd=copy)
    world.ok("clean", "second", "--yes", cwd=copy)
    assert second.archived
    after = traces(world)
    assert (after.refs, after.worktrees, after.sessions) == (before.refs, before.worktrees, before.sessions)
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


def test_a_copy_that_stands_where_the_first_repo_was_takes_its_runs(world: World) -> None:
    run = world.run("first")
    shutil.copytree(world.repo, world.root / "copy", symlinks=True)
    shutil.rmtree(world.repo)
    (world.root / "copy").rename(world.repo)
    world.ok("clean", "first", "--yes")
    assert run.archived
    assert len(world.git("worktree", "list").splitlines()) == 1


def test_a_repository_cloned_anew_at_the_same_place_keeps_the_runs_of_its_github_repository(world: World) -> None:
    place = clone_of(world, "place", FORMS[0])
    run = world.run("first", cwd=place)
    (run.worktree / "new.txt").write_text("new\n")
    saved = world.root / "saved"
    world.git("clone", "--quiet", "--no-local", str(place), str(saved), cwd=world.root)
    world.git("remote", "set-url", "origin", FORMS[0], cwd=saved)
    shutil.rmtree(place)
    saved.rename(place)
    assert [row["name"] for row in world.ok("ls", "--json", cwd=place).data] == ["first"]
    assert world.agency("clean", "first", "--yes", cwd=place).code == 1
    assert (run.worktree / "new.txt").read_text() == "new\n"
    world.ok("restore", "first", cwd=place)
    assert world.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"
