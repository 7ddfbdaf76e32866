"""A data directory on a disk that is full or read-only: told plainly, nothing half-written, and well again afterwards."""

import json

import pytest

from internal_tests.support.disks import small_disk
from internal_tests.support.gate import script_config
from internal_tests.support.traces import file_tree, find_named, traces
from internal_tests.support.world import World

_TOLD = ("E_DISK_FULL", "E_STORE_FAILED")


def nothing_is_half_written(world: World) -> None:
    """Every record is a whole JSON object and every event a whole line, and no temporary file is left."""
    for record in world.data.rglob("*.json"):
        if "worktrees" not in record.parts and "trash" not in record.parts:
            assert isinstance(json.loads(record.read_text()), dict), record
    for log in world.data.glob("repos/*/*/*/events.jsonl"):
        content = log.read_text()
        assert content.endswith("\n")
        assert all(json.loads(line) for line in content.splitlines())
    assert list(world.data.rglob("*.tmp")) == []
    assert list(world.data.glob("repos/*/runs/.new-*")) == []


@pytest.mark.parametrize("leave", range(0, 52, 4))
def test_a_run_that_finds_too_little_space_is_absent_or_marked(world: World, leave: int) -> None:
    with small_disk(world) as disk:
        world.run("first")
        before = traces(world)
        disk.fill(leave=leave)
        result = world.agency("run", "second", "--detached")
        assert world.ok("ls").code == 0
        disk.free()
        nothing_is_half_written(world)
        if result.code != 0:
            assert result.error_code in _TOLD, result.err
            if traces(world) != before:
                row = next(row for row in world.runs() if row["name"] == "second")
                assert row["derived_status"] in ("failed", "interrupted (create)", "active"), row
                world.ok("clean", "second", "--yes")
                assert find_named(world, "second").archived
                assert traces(world).worktrees == before.worktrees
                assert traces(world).sessions == before.sessions
        world.run("third")


@pytest.mark.parametrize("files", range(6, 32, 3))
def test_a_run_that_finds_too_few_inodes_is_absent_or_marked(world: World, files: int) -> None:
    with small_disk(world, files=files):
        before = traces(world)
        result = world.agency("run", "first", "--detached")
        nothing_is_half_written(world)
        if result.code != 0:
            assert result.error_code in _TOLD, result.err
            told = ("failed", "interrupted (create)", "active")
            assert traces(world) == before or world.runs()[0]["derived_status"] in told


def test_a_tree_that_does_not_fit_is_taken_back(world: World) -> None:
    world.commit({f"big/{number}.txt": "x" * 100_000 for number in range(10)})
    with small_disk(world) as disk:
        before = traces(world)
        result = world.agency("run", "big", "--detached")
        assert (result.code, result.error_code) == (1, "E_DISK_FULL")
        assert traces(world) == before
        nothing_is_half_written(world)
        disk.fill(leave=200)
        disk.free()
        world.git("rm", "--quiet", "-r", "big")
        world.git("commit", "--quiet", "--message=smaller")
        assert world.run("big").status() == "active"


def test_copies_that_do_not_fit_are_taken_back(world: World) -> None:
    world.commit({".gitignore": "cache/\n", ".worktreeinclude": "cache/\n"})
    (world.repo / "cache").mkdir()
    (world.repo / "cache" / "big").write_bytes(b"x" * 1_000_000)
    with small_disk(world):
        before = traces(world)
        result = world.agency("run", "big", "--detached")
        assert (result.code, result.error_code) == (1, "E_DISK_FULL")
        assert traces(world) == before


def test_a_setup_whose_log_does_not_fit_is_ended_and_the_run_marked(world: World) -> None:
    world.commit({"agency.yaml": script_config(setup="yes | head -c 2000000; sleep 1000")})
    with small_disk(world) as disk:
        result = world.agency("run", "noisy", "--detached")
        assert (result.code, result.error_code) == (1, "E_DISK_FULL")
        assert [process.cmdline() for process in world.processes()] == []
        (row,) = world.runs()
        assert row["derived_status"] in ("failed", "interrupted (create)")
        (log,) = world.data.glob("repos/*/runs/*/logs/setup.log")
        log.write_text("")
        world.ok("clean", "noisy", "--yes")
        assert find_named(world, "noisy").archived
        disk.fill()


@pytest.mark.parametrize("leave", [0, 4, 8, 12, 16])
def test_a_resume_that_finds_too_little_space_can_be_typed_again(world: World, leave: int) -> None:
    with small_disk(world) as disk:
        run = world.run("kept")
        world.ok("kill", "kept")
        disk.fill(leave=leave)
        result = world.agency("resume", "kept", "--detached")
        assert result.code == 0 or result.error_code in _TOLD, result.err
        disk.free()
        nothing_is_half_written(world)
        world.ok("resume", "kept", "--detached")
        assert run.status() == "active"
        assert world.sessions() == [run.session]


@pytest.mark.parametrize("leave", [0, 4, 8, 12, 16, 24, 32])
def test_a_clean_that_finds_too_little_space_loses_nothing_and_can_be_typed_again(world: World, leave: int) -> None:
    with small_disk(world) as disk:
        run = world.run("kept")
        run.wait_for_screen("demo agent ready")
        (run.worktree / "new.txt").write_text("new\n")
        files = file_tree(run.worktree)
        disk.fill(leave=leave)
        result = world.agency("clean", "kept", "--yes", "--discard")
        assert result.code == 0 or result.error_code in _TOLD, result.err
        disk.free()
        nothing_is_half_written(world)
        if not run.archived:
            world.ok("clean", "kept", "--yes", "--discard")
        assert run.archived
        assert world.git("worktree", "list").count("\n") == 0
        world.ok("restore", "kept")
        assert file_tree(run.worktree) == files


@pytest.mark.parametrize("leave", [0, 4, 8, 16])
def test_a_restore_that_finds_too_little_space_can_be_typed_again(world: World, leave: int) -> None:
    with small_disk(world) as disk:
        run = world.run("kept")
        (run.worktree / "new.txt").write_text("new\n")
        world.ok("clean", "kept", "--yes", "--discard")
        disk.fill(leave=leave)
        result = world.agency("restore", "kept")
        assert result.code == 0 or result.error_code in _TOLD, result.err
        disk.free()
        nothing_is_half_written(world)
        if run.archived or not run.worktree.exists():
            world.ok("restore", "kept")
        assert world.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"


def test_a_full_disk_hides_no_run_and_ends_no_session(world: World) -> None:
    with small_disk(world) as disk:
        run = world.run("kept")
        run.wait_for_screen("demo agent ready")
        disk.fill()
        assert run.status() == "active"
        assert world.agency("stop", "kept").error_code in ("", *_TOLD)
        assert world.sessions() == [run.session]
        disk.free()


def test_a_kill_on_a_full_disk_still_ends_everything(world: World) -> None:
    with small_disk(world) as disk:
        run = world.run("kept")
        run.wait_for_screen("demo agent ready")
        disk.fill()
        result = world.agency("kill", "kept")
        assert result.code == 0 or result.error_code in _TOLD
        assert world.sessions() == []
        assert world.processes() == []
        disk.free()
        world.ok("resume", "kept", "--detached")


def test_a_read_only_disk_can_be_looked_at(world: World) -> None:
    with small_disk(world) as disk:
        run = world.run("kept")
        run.wait_for_screen("demo agent ready")
        disk.protect()
        assert run.status() == "active"
        assert run.id in world.ok("ls").out
        assert world.ok("path", "kept").out.strip() == str(run.worktree)
        disk.unprotect()


def test_a_read_only_disk_refuses_everything_else_plainly(world: World) -> None:
    with small_disk(world) as disk:
        run = world.run("kept")
        run.wait_for_screen("demo agent ready")
        before, files = traces(world), file_tree(world.data)
        disk.protect()
        for words in (
            ("run", "second", "-d"),
            ("clean", "kept", "--yes"),
            ("restore", "kept"),
            ("rename", "kept", "b2"),
        ):
            result = world.agency(*words)
            assert (result.code, result.error_code) == (1, "E_STORE_FAILED"), (words, result.err)
            assert "Read-only file system" in result.err
        assert (traces(world), file_tree(world.data)) == (before, files)
        disk.unprotect()
        world.run("second")
        world.ok("clean", "kept", "--yes")


def test_a_session_that_is_gone_is_not_made_again_on_a_read_only_disk(world: World) -> None:
    with small_disk(world) as disk:
        world.run("kept")
        world.ok("kill", "kept")
        disk.protect()
        assert world.agency("resume", "kept", "--detached").error_code == "E_STORE_FAILED"
        assert world.sessions() == []
        disk.unprotect()
        world.ok("resume", "kept", "--detached")
