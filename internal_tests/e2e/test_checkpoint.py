"""``agency checkpoint``: keeping the files of a run, looking at what was kept, and going back to it."""

import os
from pathlib import Path

import pytest

from internal_tests.support.traces import checkout, file_tree
from internal_tests.support.world import SeenRun, World

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def run(world: World) -> SeenRun:
    """A run whose runner has ended."""
    world.commit({".gitignore": "*.log\n", "src.txt": "as committed\n", "gone.txt": "deleted by the agent\n"})
    run = world.run("job")
    world.ok("kill", "job")
    return run


def files(run: SeenRun) -> dict[str, str]:
    """The files of the worktree but agency's own and git's link."""
    seen = file_tree(run.worktree).items()
    own = (".git", ".agency")
    return {path: what for path, what in seen if path.split("/")[0] not in own and not what.endswith(" directory")}


def work(tree: Path) -> None:
    """What an agent leaves in a worktree: files of every kind."""
    (tree / "src.txt").write_text("changed\n")
    (tree / "gone.txt").unlink()
    (tree / "deep").mkdir()
    (tree / "deep" / "tool.sh").write_text("#!/bin/sh\n")
    (tree / "deep" / "tool.sh").chmod(0o755)
    (tree / "link").symlink_to("src.txt")
    (tree / os.fsdecode(b"\xff odd")).write_bytes(b"\0\r\n")
    (tree / "noise.log").write_text("ignored\n")


def numbers(world: World, name: str = "job") -> list[tuple[int, str]]:
    """The checkpoints of a run: number and reason."""
    return [(row["number"], row["reason"]) for row in world.ok("checkpoint", "ls", name, "--json").data]


def test_files_are_kept_shown_compared_and_brought_back(world: World, run: SeenRun) -> None:
    tree = run.worktree
    users = checkout(world)
    work(tree)
    (tree / "id_rsa").write_text("looks like a secret\n")
    world.git("add", "src.txt", cwd=tree)
    before = files(run), world.git("ls-files", "--stage", "--debug", cwd=tree)
    saved = world.ok("checkpoint", "save", "job", "--message", "all well\nso far", "--json").data
    assert (files(run), world.git("ls-files", "--stage", "--debug", cwd=tree)) == before
    assert (saved["number"], saved["reason"], saved["left_out"]) == (1, "user", ["id_rsa"])
    ref = f"refs/agency/checkpoints/{run.id}/1"
    assert world.git("rev-parse", ref) == saved["commit"] and saved["head"] == world.git("rev-parse", run.branch)
    assert world.git("show", f"{ref}^2:src.txt") == "changed", "what was staged is kept too"
    assert run.events[-1]["event"] == "checkpoint_saved" and run.events[-1]["data"]["ref"] == ref

    good = files(run)
    (tree / "src.txt").write_text("ruined\n")
    world.git("commit", "--quiet", "--all", "--message=ruined", cwd=tree)
    (tree / "deep" / "tool.sh").unlink()
    (tree / "later").mkdir()
    (tree / "later" / "file").write_text("made since\n")
    (tree / "noise.log").write_text("ignored, and newer\n")
    (tree / "staged.txt").write_text("staged since\n")
    world.git("add", "staged.txt", cwd=tree)
    bad, tip = files(run), world.git("rev-parse", run.branch)
    told = world.ok("checkpoint", "save", "job")
    assert "left out, as they look like secrets: id_rsa" in told.err and told.pairs["checkpoint"] == "2"
    rows = world.ok("checkpoint", "ls", "job").out.splitlines()
    assert [row.split()[0] for row in rows] == ["NUMBER", "1", "2"] and rows[1].split()[2:] == [
        "user",
        "5",
        "all",
        "well",
    ]
    shown = world.ok("checkpoint", "show", "job", "2", "--json").data
    assert [(file["op"], file["path"]) for file in shown["files"]] == [
        ("deleted", "deep/tool.sh"),
        ("added", "later/file"),
        ("modified", "src.txt"),
        ("added", "staged.txt"),
    ]
    assert "deleted   deep/tool.sh" in world.ok("checkpoint", "show", "job", "2").out
    assert "-changed\n+ruined\n" in world.ok("checkpoint", "diff", "job", "1").out
    assert world.ok("checkpoint", "diff", "job", "2").out == ""
    assert "later/file" in world.ok("checkpoint", "diff", "job", "1", "2", "--stat").out

    assert world.ok("checkpoint", "restore", "job", "1").pairs == {"restored": "1", "run_id": run.id, "kept": "2"}
    assert files(run) == {**good, "noise.log": bad["noise.log"]}
    assert not (tree / "later").exists()
    assert world.git("rev-parse", run.branch) == tip and run.status().startswith("stopped")
    assert world.git("diff", "--cached", "--name-only", cwd=tree) == "", "nothing is staged"
    assert run.event_names()[-2:] == ["checkpoint_restore_started", "checkpoint_restore_finished"]
    (tree / "more.txt").write_text("written after that\n")
    assert world.ok("checkpoint", "restore", "job", "2", "--json").data["kept"] == 3
    assert files(run) == bad
    assert numbers(world) == [(1, "user"), (2, "user"), (3, "before restore")]
    assert world.git("show", f"refs/agency/checkpoints/{run.id}/3:more.txt") == "written after that"
    assert checkout(world) == users
    missing = world.agency("checkpoint", "restore", "job", "9")
    assert (missing.code, missing.error_code) == (1, "E_CHECKPOINT_NOT_FOUND")


@pytest.mark.case(55, "DOC-REQ-012")
def test_a_difference_with_a_secret_is_shown_only_on_demand(world: World, run: SeenRun) -> None:
    world.ok("checkpoint", "save", "job")
    (run.worktree / "src.txt").write_text(f"token: {TOKEN}\n")
    refused = world.agency("checkpoint", "diff", "job", "1")
    assert (refused.error_code, TOKEN in refused.out + refused.err) == ("E_HOLDS_SECRET", False)
    assert "src.txt" in world.ok("checkpoint", "diff", "job", "1", "--stat").out
    assert TOKEN in world.ok("checkpoint", "diff", "job", "1", "--allow-secrets").out


def test_files_do_not_change_under_a_living_runner_unless_that_is_wanted(world: World, run: SeenRun) -> None:
    world.ok("checkpoint", "save", "job")
    good = files(run)
    world.ok("resume", "job", "--detached")
    pid = run.pane()["pid"]
    (run.worktree / "src.txt").write_text("changed\n")
    refused = world.agency("checkpoint", "restore", "job", "1")
    assert refused.error_code == "E_CONFIRMATION_REQUIRED" and (run.worktree / "src.txt").read_text() == "changed\n"
    world.ok("checkpoint", "restore", "job", "1", "--yes")
    assert files(run) == good and run.pane()["pid"] == pid


def test_what_git_ignores_is_never_overwritten(world: World, run: SeenRun) -> None:
    (run.worktree / "build").mkdir()
    (run.worktree / "build" / "out").write_text("kept\n")
    world.ok("checkpoint", "save", "job")
    (run.worktree / ".gitignore").write_text("build\n")
    (run.worktree / "build" / "out").write_text("ignored by now\n")
    before = files(run)
    refused = world.agency("checkpoint", "restore", "job", "1", "--json")
    assert (refused.error["code"], refused.error["details"]["files"]) == ("E_DIRTY_WORKTREE", ["build/out"])
    assert files(run) == before and run.event_names()[-1] == "checkpoint_restore_failed"


def test_a_restart_keeps_the_files_once_as_long_as_they_stay_the_same(world: World, run: SeenRun) -> None:
    restart = ("resume", "job", "--detached", "--restart", "--yes")
    work(run.worktree)
    world.ok(*restart)
    world.ok(*restart)
    assert numbers(world) == [(1, "before restart")]
    (run.worktree / "src.txt").write_text("changed again\n")
    world.ok(*restart)
    assert numbers(world) == [(1, "before restart"), (2, "before restart")]
    assert world.git("show", f"refs/agency/checkpoints/{run.id}/1:src.txt") == "changed"


def test_checkpoints_outlive_a_clean_and_go_with_the_run_or_when_they_are_old(world: World, run: SeenRun) -> None:
    work(run.worktree)
    world.ok("checkpoint", "save", "job")
    (run.worktree / "src.txt").write_text("changed again\n")
    world.ok("resume", "job", "--detached", "--restart", "--yes")
    world.ok("kill", "job")
    evidence = run.directory / "evidence" / "reset-0001"
    evidence.mkdir(parents=True)
    (evidence / "file").write_text("replaced by a hard reset\n")
    evidence.chmod(0o500)
    assert numbers(world) == [(1, "user"), (2, "before restart")]
    assert world.ok("gc", "--json").data["removed"] == []
    told = world.ok("gc", "--older-than", "0s", "--dry-run", "--json").data["removed"]
    assert [(item["kind"], item["name"]) for item in told] == [("checkpoint", "job 2"), ("evidence", "job reset-0001")]
    assert evidence.exists() and len(numbers(world)) == 2
    world.ok("gc", "--older-than", "0s")
    assert not evidence.exists() and numbers(world) == [(1, "user")]
    evidence.mkdir(mode=0o500)
    (run.worktree / "src.txt").write_text("once more\n")
    world.ok("checkpoint", "save", "job")
    assert numbers(world) == [(1, "user"), (3, "user")], "a number is not used again"

    world.ok("clean", "job", "--yes", "--discard")
    assert numbers(world, run.id) == [(1, "user"), (3, "user")]
    assert "+once more" in world.ok("checkpoint", "diff", run.id, "1", "3").out
    assert world.agency("checkpoint", "save", run.id).error_code == "E_RUN_NOT_FOUND"
    world.ok("restore", "job")
    assert numbers(world) == [(1, "user"), (3, "user")]
    world.ok("clean", "job", "--yes", "--discard")
    ref = f"refs/agency/checkpoints/{'0' * 14}-aaaa/1"
    world.git("update-ref", ref, "main")
    checks = world.agency("doctor", "--json").out
    assert f"git update-ref -d {ref}" in checks and run.id not in checks
    world.git("update-ref", "-d", ref)
    world.ok("gc", "--older-than", "0s")
    assert world.git("for-each-ref", "refs/agency") == ""
    assert not list(world.data.glob("repos/*/archive/*")) and not list(world.data.glob("repos/*/trash/*"))
