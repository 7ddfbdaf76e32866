"""A data directory that permissions keep from the caller: another user's, or one that was made read-only."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from internal_tests.support.disks import agency_without_privileges, give_to_another_user
from internal_tests.support.traces import traces
from internal_tests.support.world import World


@pytest.fixture
def others(world: World) -> Iterator[World]:
    """A world whose data directory, with a run called ``kept``, belongs to another user."""
    world.run("kept")
    give_to_another_user(world)
    yield world
    for path in (world.data, *world.data.rglob("*")):
        os.chown(path, os.getuid(), os.getgid(), follow_symlinks=False)


@pytest.mark.parametrize(
    "words",
    [
        ("ls",),
        ("ls", "--all-repos"),
        ("run", "mine", "--detached"),
        ("resume", "kept", "--detached"),
        ("kill", "kept"),
        ("clean", "kept", "--yes"),
        ("restore", "kept"),
    ],
    ids=" ".join,
)
def test_the_data_directory_of_another_user_is_refused(others: World, words: tuple[str, ...]) -> None:
    before = traces(others)
    result = agency_without_privileges(others, *words)
    assert (result.code, result.error_code, result.out) == (1, "E_STORE_FAILED", "")
    assert "Permission denied" in result.err
    assert str(others.data) in result.err
    assert traces(others) == before


def test_a_data_directory_of_ones_own_beside_it_works(others: World) -> None:
    others.env["AGENCY_DATA_DIR"] = str(others.root / "mine")
    others.data, theirs = others.root / "mine", others.data
    assert agency_without_privileges(others, "run", "mine", "--detached").code == 0
    assert [row["name"] for row in others.runs()] == ["mine"]
    others.data = theirs


@pytest.fixture
def protected(world: World) -> Iterator[World]:
    """A world whose data directory was made read-only, with a run called ``kept`` in it."""
    world.run("kept").wait_for_screen("demo agent ready")
    modes = {path: path.stat().st_mode for path in (world.data, *world.data.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    yield world
    for path, mode in modes.items():
        path.chmod(mode)


def test_a_read_only_data_directory_can_be_looked_at(protected: World) -> None:
    result = agency_without_privileges(protected, "ls")
    assert result.code == 0
    assert "kept" in result.out and "active" in result.out


@pytest.mark.parametrize("words", [("run", "mine", "--detached"), ("clean", "kept", "--yes")], ids=" ".join)
def test_a_read_only_data_directory_is_told_and_stays_as_it_is(protected: World, words: tuple[str, ...]) -> None:
    before = traces(protected)
    result = agency_without_privileges(protected, *words)
    assert (result.code, result.error_code, result.out) == (1, "E_STORE_FAILED", "")
    assert "Permission denied" in result.err
    assert "hint: " in result.err
    assert traces(protected) == before


def test_a_repository_that_cannot_be_written_is_told_and_nothing_is_made(world: World) -> None:
    git_dir = Path(world.repo) / ".git"
    modes = {path: path.stat().st_mode for path in (git_dir, *git_dir.rglob("*")) if path.is_dir()}
    for path in modes:
        path.chmod(0o500)
    try:
        result = agency_without_privileges(world, "run", "mine", "--detached")
        assert (result.code, result.error_code) == (1, "E_STORE_FAILED")
        assert "Permission denied" in result.err
        assert list(world.data.glob("repos/*/runs/*")) == []
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
