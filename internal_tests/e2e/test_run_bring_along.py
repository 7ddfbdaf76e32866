"""Ignored files that work needs: ``.worktreeinclude``, ``worktree.copy`` and ``worktree.link``."""

import os
from pathlib import Path

import pytest

from internal_tests.support.traces import checkout, traces
from internal_tests.support.world import SeenRun, World, demo_config

_IGNORED = {
    ".env": "TOKEN=1\n",
    ".env.local": "TOKEN=2\n",
    "deps/one/index.js": "1\n",
    "deps/two/index.js": "2\n",
    "sub/.env": "TOKEN=3\n",
    "build/out.o": "object\n",
    "with space ü.local": "odd\n",
}


def repo_with(world: World, *, include: str | None = None, config: str = "") -> Path:
    """The repo with ignored files, and the committed files that say which come along."""
    files = {".gitignore": ".env*\ndeps/\nbuild/\n*.local\n", "agency.yaml": demo_config(more=config)}
    if include is not None:
        files[".worktreeinclude"] = include
    world.commit(files)
    for path, text in _IGNORED.items():
        (world.repo / path).parent.mkdir(parents=True, exist_ok=True)
        (world.repo / path).write_text(text)
    return world.repo


def came_along(run: SeenRun) -> set[str]:
    """The ignored files that are in the worktree, as ordinary files with the right content."""
    found = {path for path in _IGNORED if (run.worktree / path).is_file()}
    for path in found:
        assert (run.worktree / path).read_text() == _IGNORED[path]
    return found


def test_without_a_word_nothing_comes_along(world: World) -> None:
    repo_with(world)
    assert came_along(world.run("bare")) == set()


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        (".env\n", {".env", "sub/.env"}),
        ("/.env\n", {".env"}),
        ("# a comment\n\n.env*\n!.env.local\n", {".env", "sub/.env"}),
        ("deps/\n", {"deps/one/index.js", "deps/two/index.js"}),
        ("deps/**/index.js\n!deps/two/index.js\n", {"deps/one/index.js"}),
        ("with space*\n", {"with space ü.local"}),
        ("*\n", set(_IGNORED)),
        ("nothing-like-it\n", set()),
    ],
)
def test_worktreeinclude_names_files_in_gitignore_syntax(world: World, include: str, expected: set[str]) -> None:
    repo_with(world, include=include)
    run = world.run("included")
    assert came_along(run) == expected
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


def test_worktreeinclude_brings_no_file_that_git_does_not_ignore(world: World) -> None:
    repo_with(world, include="*.txt\n")
    (world.repo / "untracked.txt").write_text("mine\n")
    run = world.run("strict", "--allow-dirty")
    assert not (run.worktree / "untracked.txt").exists()


def test_copy_in_the_config_names_files_from_the_root(world: World) -> None:
    repo_with(world, config="worktree: {copy: [deps/one/*, .env]}\n")
    assert came_along(world.run("copied")) == {"deps/one/index.js", ".env"}


def test_copy_with_two_stars_names_files_everywhere(world: World) -> None:
    repo_with(world, config="worktree: {copy: ['**/.env']}\n")
    assert came_along(world.run("copied")) == {".env", "sub/.env"}


def test_copy_and_worktreeinclude_add_up(world: World) -> None:
    repo_with(world, include=".env.local\n", config="worktree: {copy: [build]}\n")
    assert came_along(world.run("copied")) == {".env.local", "build/out.o"}


def test_a_copy_is_the_runs_own(world: World) -> None:
    repo = repo_with(world, include=".env\n")
    run = world.run("own")
    (run.worktree / ".env").write_text("changed\n")
    assert (repo / ".env").read_text() == "TOKEN=1\n"


def test_a_copy_keeps_mode_and_links(world: World) -> None:
    repo = repo_with(world, include="build/\n")
    (repo / "build" / "tool").write_text("#!/bin/sh\n")
    (repo / "build" / "tool").chmod(0o750)
    (repo / "build" / "latest").symlink_to("out.o")
    (repo / "build" / "dangling").symlink_to("/no/such/file")
    built = world.run("modes").worktree / "build"
    assert (built / "tool").stat().st_mode & 0o777 == 0o750
    assert (built / "latest").readlink() == Path("out.o")
    assert (built / "dangling").readlink() == Path("/no/such/file")


def test_link_in_the_config_makes_a_link_to_the_checkout(world: World) -> None:
    repo = repo_with(world, config="worktree: {link: [deps, .env]}\n")
    run = world.run("linked")
    assert (run.worktree / "deps").readlink() == repo / "deps"
    assert (run.worktree / ".env").readlink() == repo / ".env"
    assert (run.worktree / "deps" / "one" / "index.js").read_text() == "1\n"


def test_what_is_linked_is_not_copied_as_well(world: World) -> None:
    repo = repo_with(world, include="deps/\n", config="worktree: {link: [deps]}\n")
    assert (world.run("once").worktree / "deps").readlink() == repo / "deps"


def test_a_link_to_nothing_is_told_and_nothing_is_made(world: World) -> None:
    repo_with(world, config="worktree: {link: [no-such-directory]}\n")
    before = traces(world)
    result = world.agency("run", "broken", "--detached")
    assert (result.code, result.error_code) == (1, "E_WORKTREE_CREATE_FAILED")
    assert "no-such-directory" in result.err and "worktree.link" in result.err
    assert traces(world) == before


def test_files_that_the_commit_has_stay_as_they_are(world: World) -> None:
    repo = repo_with(world, include=".env\n", config="worktree: {link: [README.md]}\n")
    run = world.run("kept")
    assert not (run.worktree / "README.md").is_symlink()
    assert (repo / "README.md").read_text() == (run.worktree / "README.md").read_text()


def test_cleaning_a_run_with_a_link_leaves_what_it_leads_to(world: World) -> None:
    repo = repo_with(world, config="worktree: {link: [deps]}\n")
    before = checkout(world)
    world.run("linked")
    world.ok("clean", "linked", "--yes", "--discard")
    assert checkout(world) == before
    assert sorted(os.listdir(repo / "deps")) == ["one", "two"]
