"""``agency restore``: what was cleaned comes back exactly as it was."""

import json
import os
from pathlib import Path

import pytest

from internal_tests.support.traces import file_tree, traces
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World


def git_view(world: World, tree: Path) -> dict[str, str]:
    """What git says of a worktree: status with staged and unstaged apart, HEAD, index, reflog, unfinished operations."""
    return {
        "status": world.git("--no-optional-locks", "status", "--porcelain=v2", "--branch", "--ignored", cwd=tree),
        "long status": world.git("--no-optional-locks", "status", cwd=tree),
        "head": world.git("rev-parse", "HEAD", cwd=tree),
        "index": world.git("ls-files", "--stage", "--debug", cwd=tree),
        "reflog": world.git("reflog", cwd=tree),
        "entry": world.git("worktree", "list", "--porcelain", cwd=tree),
    }


def gone_and_back(world: World, run: SeenRun, *words: str) -> None:
    """Clean the run and restore it, and see that not a byte of it has changed."""
    files, view, meta = file_tree(run.worktree), git_view(world, run.worktree), run.meta
    refs = traces(world).refs
    world.ok("clean", run.name, "--yes", "--discard", *words)
    assert run.archived and not run.worktree.exists()
    world.ok("restore", run.name)
    assert not run.archived
    assert file_tree(run.worktree) == files
    assert git_view(world, run.worktree) == view
    assert {key: value for key, value in run.meta.items() if key not in ("flags", "archive")} == {
        key: value for key, value in meta.items() if key not in ("flags", "archive")
    }
    assert traces(world).refs == refs


def quiet(world: World, name: str) -> SeenRun:
    """A run whose runner has been started and ended, so that nothing writes to its worktree any more."""
    run = world.run(name)
    run.wait_for_screen("demo agent ready")
    world.ok("kill", name)
    wait_for(lambda: world.sessions() == [], "the session to be gone")
    return run


def test_an_untouched_run(world: World) -> None:
    gone_and_back(world, quiet(world, "plain"))


def test_staged_and_unstaged_changes(world: World) -> None:
    world.commit({"staged.txt": "old\n", "half.txt": "old\n", "unstaged.txt": "old\n", "removed.txt": "old\n"})
    run = quiet(world, "changed")
    tree = run.worktree
    (tree / "staged.txt").write_text("staged\n")
    (tree / "half.txt").write_text("staged\n")
    (tree / "new.txt").write_text("staged\n")
    world.git("add", "--all", cwd=tree)
    world.git("rm", "--quiet", "removed.txt", cwd=tree)
    (tree / "half.txt").write_text("unstaged\n")
    (tree / "unstaged.txt").write_text("unstaged\n")
    gone_and_back(world, run)


def test_untracked_and_ignored_files_modes_and_links(world: World) -> None:
    world.commit({".gitignore": "cache/\n.env\n", "tool.sh": "#!/bin/sh\n"})
    run = quiet(world, "files")
    tree = run.worktree
    (tree / ".env").write_text("TOKEN=1\n")
    (tree / ".env").chmod(0o600)
    (tree / "cache" / "empty").mkdir(parents=True)
    (tree / "cache" / "binary").write_bytes(bytes(range(256)))
    (tree / "cache").chmod(0o750)
    (tree / "tool.sh").chmod(0o755)
    (tree / "link").symlink_to("tool.sh")
    (tree / "dangling").symlink_to("/no/such/file")
    (tree / "with\nnewline and ünïcode").write_text("odd\n")
    (tree / os.fsdecode(b"caf\xe9")).write_text("not utf-8\n")
    (tree / "empty directory").mkdir()
    gone_and_back(world, run)


def test_times_of_files_stay(world: World) -> None:
    run = quiet(world, "times")
    os.utime(run.worktree / "README.md", ns=(10**18, 10**18))
    gone_and_back(world, run)
    assert (run.worktree / "README.md").stat().st_mtime_ns == 10**18


def test_commits_of_its_own(world: World) -> None:
    run = quiet(world, "worked")
    world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    world.commit({"two.txt": "2\n"}, cwd=run.worktree)
    gone_and_back(world, run)


def test_a_deleted_branch_comes_back_at_the_same_commit(world: World) -> None:
    run = quiet(world, "worked")
    tip = world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    gone_and_back(world, run, "--delete-branch")
    assert world.git("rev-parse", run.branch) == tip


def test_a_deleted_branch_comes_back_after_git_has_forgotten_it(world: World) -> None:
    run = quiet(world, "worked")
    tip = world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    world.ok("clean", "worked", "--yes", "--discard", "--delete-branch")
    world.git("reflog", "expire", "--expire=all", "--all")
    world.git("gc", "--quiet", "--prune=now")
    world.ok("restore", "worked")
    assert world.git("rev-parse", run.branch) == tip
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


def test_a_detached_head(world: World) -> None:
    run = quiet(world, "detached")
    world.git("checkout", "--quiet", "--detach", cwd=run.worktree)
    world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    gone_and_back(world, run)


def test_another_branch(world: World) -> None:
    run = quiet(world, "switched")
    world.git("switch", "--quiet", "--create", "side", cwd=run.worktree)
    world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    gone_and_back(world, run)


def conflicting(world: World, name: str) -> SeenRun:
    """A run whose commits conflict with those that the parent got since."""
    world.commit({"one.txt": "base\n"})
    run = quiet(world, name)
    world.commit({"first.txt": "fine\n"}, cwd=run.worktree)
    world.commit({"one.txt": "of the run\n"}, cwd=run.worktree)
    world.commit({"one.txt": "of the parent\n"})
    return run


def test_a_rebase_in_progress(world: World) -> None:
    run = conflicting(world, "rebasing")
    world.git("rebase", "main", cwd=run.worktree, check=False)
    assert "rebase in progress" in world.git("status", cwd=run.worktree)
    gone_and_back(world, run)
    (run.worktree / "one.txt").write_text("of both\n")
    world.git("add", "one.txt", cwd=run.worktree)
    world.git("-c", "core.editor=true", "rebase", "--continue", cwd=run.worktree)
    assert world.git("log", "--format=%s", "main..HEAD", cwd=run.worktree).splitlines() == ["change", "change"]


def test_a_merge_in_progress(world: World) -> None:
    run = conflicting(world, "merging")
    world.git("merge", "main", cwd=run.worktree, check=False)
    assert "Unmerged paths" in world.git("status", cwd=run.worktree)
    gone_and_back(world, run)


def test_a_stash_made_in_the_worktree(world: World) -> None:
    run = quiet(world, "stashed")
    (run.worktree / "README.md").write_text("stashed\n")
    world.git("stash", "--quiet", cwd=run.worktree)
    gone_and_back(world, run)
    world.git("stash", "pop", "--quiet", cwd=run.worktree)
    assert (run.worktree / "README.md").read_text() == "stashed\n"


def test_a_file_marked_as_skipped_and_sparse_settings(world: World) -> None:
    world.commit({"big/data.bin": "data\n", "src/code.py": "code\n"})
    run = quiet(world, "sparse")
    world.git("sparse-checkout", "set", "src", cwd=run.worktree)
    world.git("update-index", "--skip-worktree", "README.md", cwd=run.worktree)
    gone_and_back(world, run)


def test_twice(world: World) -> None:
    run = quiet(world, "twice")
    (run.worktree / "new.txt").write_text("new\n")
    gone_and_back(world, run)
    (run.worktree / "more.txt").write_text("more\n")
    gone_and_back(world, run)


def test_the_record_comes_back_with_its_logs_and_events(world: World) -> None:
    run = quiet(world, "recorded")
    events = run.event_names()
    world.ok("clean", "recorded", "--yes")
    world.ok("restore", "recorded")
    assert run.event_names()[: len(events)] == events
    assert run.event_names()[-2:] == ["restore_started", "restore_finished"]
    assert "archive" not in run.meta or not run.meta["archive"]
    assert run.status() == "stopped"


def test_a_restored_run_can_be_resumed(world: World) -> None:
    run = quiet(world, "again")
    world.ok("clean", "again", "--yes")
    result = world.ok("restore", "again")
    assert result.pairs == {
        "restored": run.id,
        "how": "unparked",
        "worktree": str(run.worktree),
        "next": "agency resume again",
    }
    world.ok("resume", "again", "--detached")
    assert run.status() == "active"


def test_json_tells_the_same(world: World) -> None:
    run = quiet(world, "told")
    world.ok("clean", "told", "--yes")
    envelope = json.loads(world.ok("restore", run.id, "--json").out)
    assert envelope["data"]["restored"] == run.id
    assert envelope["data"]["how"] == "unparked"


def test_nothing_is_left_in_the_trash(world: World) -> None:
    run = quiet(world, "gone")
    (run.worktree / "new.txt").write_text("new\n")
    world.ok("clean", "gone", "--yes", "--discard")
    world.ok("restore", "gone")
    assert list(world.data.glob("repos/*/trash/*")) == []
    assert world.git("for-each-ref", "refs/agency") == ""


def test_a_run_of_which_nothing_is_missing_is_left_alone(world: World) -> None:
    run = world.run("whole")
    before, events = traces(world), run.event_names()
    result = world.agency("restore", "whole")
    assert (result.code, result.error_code) == (1, "E_NOT_ARCHIVED")
    assert "hint: agency resume whole" in result.err
    assert (traces(world), run.event_names()) == (before, events)


def test_a_name_that_another_run_took_is_refused(world: World) -> None:
    first = quiet(world, "wanted")
    world.ok("clean", "wanted", "--yes")
    second = world.run("wanted")
    before = traces(world)
    result = world.agency("restore", first.id)
    assert (result.code, result.error_code) == (1, "E_NAME_EXISTS")
    assert f"run_id: {second.id}" in result.err.splitlines()
    assert traces(world) == before
    world.ok("clean", second.id, "--yes")
    world.ok("restore", first.id)
    assert not first.archived


@pytest.mark.parametrize("by", ["name", "id", "prefix"])
def test_an_archived_run_is_found_by(world: World, by: str) -> None:
    run = quiet(world, "found")
    world.ok("clean", "found", "--yes")
    world.ok("restore", {"name": "found", "id": run.id, "prefix": run.id[:16]}[by], cwd=world.home)
    assert not run.archived
