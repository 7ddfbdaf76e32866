"""``agency conflicts``: which runs could not be combined with their parent or with each other, found by looking alone."""

import os
import shutil
from pathlib import Path

import pytest

from internal_tests.support.footprint import ToolLog, footprint
from internal_tests.support.lockholder import lock_held
from internal_tests.support.world import SeenRun, World

LINES = {"file.txt": "one\ntwo\nthree\n", "other.txt": "other\n", "deep/a.txt": "a\n", "deep/b.txt": "b\n"}


def worked(world: World, name: str, files: dict[str, str], *words: str) -> SeenRun:
    """A run with one commit that writes ``files``."""
    run = world.run(name, *words)
    world.commit(files, f"work of {name}", cwd=run.worktree)
    return run


def told(world: World, *words: str, cwd: Path | None = None) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """What ``agency conflicts --json`` says: who, with whom, of what kind, where."""
    data = world.ok("conflicts", "--json", *words, cwd=cwd).data
    return {(one["name"], one["with"], one["kind"], tuple(one["paths"])) for one in data}


def column(world: World, name: str) -> str:
    """The cell of a run in the column CONFLICTS of ``agency ls --wide``."""
    header, *rows = world.ok("ls", "--wide").out.splitlines()
    (row,) = [row for row in rows if row.split()[1] == name]
    return row[header.index("CONFLICTS") : header.index("SUMMARY")].strip()


@pytest.fixture
def lined(world: World) -> World:
    """A world whose repo has a few files."""
    world.commit(LINES)
    return world


def test_two_runs_that_change_the_same_line_are_told_once_with_the_path(lined: World) -> None:
    first = worked(lined, "first", {"file.txt": "one\nFIRST\nthree\n"})
    second = worked(lined, "second", {"file.txt": "one\nSECOND\nthree\n"})
    worked(lined, "third", {"other.txt": "not in the way\n"})
    result = lined.ok("conflicts")
    assert result.out.splitlines() == ["RUN     WITH   PATHS", "second  first  file.txt"]
    assert result.err == ""
    assert lined.ok("conflicts", "--json").data == [
        {
            "run_id": second.id,
            "name": "second",
            "with": "first",
            "with_run_id": first.id,
            "kind": "run",
            "paths": ["file.txt"],
        }
    ]


def test_a_run_whose_parent_went_on_is_told(lined: World) -> None:
    worked(lined, "late", {"file.txt": "one\nLATE\nthree\n", "deep/a.txt": "late\n"})
    lined.commit({"file.txt": "one\nMAIN\nthree\n", "deep/a.txt": "main\n"})
    assert lined.ok("conflicts").out.splitlines() == ["RUN   WITH  PATHS", "late  main  deep/a.txt, file.txt"]
    assert told(lined) == {("late", "main", "parent", ("deep/a.txt", "file.txt"))}


def test_without_conflicts_that_is_said(lined: World) -> None:
    assert lined.ok("conflicts").out == "no conflicts: no run has commits of its own\n"
    lined.run("idle")
    assert lined.ok("conflicts").out == "no conflicts: no run has commits of its own\n"
    worked(lined, "first", {"file.txt": "ONE\ntwo\nthree\n"})
    assert lined.ok("conflicts").out == "no conflicts among 1 run\n"
    worked(lined, "second", {"other.txt": "OTHER\n"})
    lined.commit({"deep/a.txt": "main\n"})
    assert lined.ok("conflicts").out == "no conflicts among 2 runs\n"
    assert lined.ok("conflicts", "--json").data == []


def test_changes_of_one_file_that_git_can_combine_are_no_conflict(lined: World) -> None:
    lines = [f"{number}\n" for number in range(40)]
    lined.commit({"long.txt": "".join(lines)})
    worked(lined, "top", {"long.txt": "".join(["TOP\n", *lines[1:]])})
    worked(lined, "bottom", {"long.txt": "".join([*lines[:-1], "BOTTOM\n"])})
    worked(lined, "same", {"long.txt": "".join(["TOP\n", *lines[1:]])})
    assert told(lined) == set()


def test_a_run_that_took_the_new_parent_in_is_compared_from_there(lined: World) -> None:
    run = worked(lined, "fresh", {"other.txt": "fresh\n"})
    lined.commit({"file.txt": "one\nMAIN\nthree\n"})
    lined.git("merge", "--quiet", "--no-edit", "main", cwd=run.worktree)
    lined.commit({"deep/b.txt": "fresh\n"}, cwd=run.worktree)
    lined.commit({"file.txt": "one\nMAIN again\nthree\n"})
    worked(lined, "old", {"file.txt": "one\nmain again, and more\nthree\n"})
    assert told(lined) == set(), "what came from the parent is no change of the run"
    lined.commit({"deep/b.txt": "main\n"})
    assert told(lined) == {("fresh", "main", "parent", ("deep/b.txt",))}


def test_a_run_that_was_rebased_onto_a_rewritten_parent_is_compared_with_that(lined: World) -> None:
    run = worked(lined, "moved", {"file.txt": "one\nMOVED\nthree\n"})
    lined.git("commit", "--quiet", "--amend", "--message=rewritten")
    lined.commit({"file.txt": "one\nMAIN\nthree\n"})
    assert told(lined) == {("moved", "main", "parent", ("file.txt",))}
    lined.git("reset", "--quiet", "--hard", "main", cwd=run.worktree)
    assert told(lined) == set()
    assert "no run has commits" in lined.ok("conflicts").out


def test_binary_deleted_moved_and_added_files_are_named_as_git_does(lined: World) -> None:
    (lined.repo / "logo.bin").write_bytes(bytes(range(256)))
    lined.commit({"gone.txt": "".join(f"{number}\n" for number in range(20))})
    run = lined.run("odd")
    tree = run.worktree
    (tree / "logo.bin").write_bytes(bytes(reversed(range(256))))
    (tree / "file.txt").unlink()
    lined.git("mv", "gone.txt", "here.txt", cwd=tree)
    lined.git("mv", "deep", "moved", cwd=tree)
    lined.commit({"both.txt": "odd\n", "thing": "a file\n"}, cwd=tree)
    (lined.repo / "logo.bin").write_bytes(b"\0main\0")
    lined.git("mv", "gone.txt", "there.txt")
    lined.commit({"file.txt": "kept\n", "both.txt": "main\n", "thing/inside": "a directory\n", "deep/new.txt": "new\n"})
    ((name, other, kind, paths),) = told(lined)
    assert (name, other, kind) == ("odd", "main", "parent")
    expected = lined.git("merge-tree", "--write-tree", "--name-only", "--no-messages", "main", run.branch, check=False)
    assert list(paths) == [path.partition("~")[0] for path in expected.splitlines()[1:]]
    assert {"logo.bin", "file.txt", "here.txt", "there.txt", "both.txt", "moved/new.txt", "thing"} <= set(paths)


def test_a_directory_that_was_split_in_two_is_named_although_no_file_is_in_conflict(world: World) -> None:
    world.commit({f"deep/{name}": f"{name}\n" * 9 for name in ("a", "b")})
    run = world.run("split")
    for name, target in (("a", "left"), ("b", "right")):
        (run.worktree / target).mkdir()
        world.git("mv", f"deep/{name}", f"{target}/{name}", cwd=run.worktree)
    world.commit({}, cwd=run.worktree)
    world.commit({"deep/new": "new\n"})
    ((_, other, _, paths),) = told(world)
    assert (other, paths) == ("main", ("deep",))


def test_paths_of_any_bytes_stay_on_one_line_and_whole_in_json(world: World) -> None:
    odd = 'new\nline "quoted" \\ tab\t é'
    worked(world, "first", {odd: "first\n"})
    worked(world, "second", {odd: "second\n"})
    assert told(world) == {("second", "first", "run", (odd,))}
    assert world.ok("conflicts").out.splitlines()[1] == 'second  first  new?line "quoted" \\ tab? é'


def test_runs_of_different_parents_are_not_compared_but_with_into_they_are(lined: World) -> None:
    lined.git("branch", "next")
    worked(lined, "one", {"file.txt": "one\nONE\nthree\n"})
    worked(lined, "two", {"file.txt": "one\nTWO\nthree\n"}, "--parent", "next")
    assert told(lined) == set()
    assert told(lined, "--into", "next") == {("two", "one", "run", ("file.txt",))}
    lined.git("branch", "busy")
    lined.git("update-ref", "refs/heads/busy", lined.git("rev-parse", f"{lined_branch(lined, 'two')}"))
    assert told(lined, "--into", "busy") == {("one", "busy", "parent", ("file.txt",))}


def lined_branch(world: World, name: str) -> str:
    """The branch of the run of that name."""
    (row,) = [row for row in world.runs() if row["name"] == name]
    return str(row["branch"])


def test_into_a_branch_that_is_none_is_refused(world: World) -> None:
    worked(world, "one", {"file.txt": "one\n"})
    result = world.agency("conflicts", "--into", "nowhere")
    assert (result.code, result.error_code) == (1, "E_PARENT_BRANCH_NOT_FOUND")
    assert world.agency("conflicts", "--into", "main", cwd=world.home).error_code == "E_NO_REPO"


def test_runs_whose_parent_is_gone_are_compared_with_each_other(lined: World) -> None:
    lined.git("branch", "base")
    worked(lined, "one", {"file.txt": "one\nONE\nthree\n"}, "--parent", "base")
    worked(lined, "two", {"file.txt": "one\nTWO\nthree\n"}, "--parent", "base")
    lined.git("branch", "-D", "base")
    result = lined.ok("conflicts")
    assert result.out.splitlines()[1] == "two  one   file.txt"
    assert result.err == "there is no branch base, so its runs are compared with each other only\n"


def test_a_history_of_its_own_is_compared_too(lined: World) -> None:
    run = lined.run("orphan")
    lined.git("checkout", "--quiet", "--orphan", "elsewhere", cwd=run.worktree)
    lined.commit({"file.txt": "quite another\n"}, cwd=run.worktree)
    lined.git("branch", "--force", run.branch, "elsewhere", cwd=run.worktree)
    worked(lined, "usual", {"deep/a.txt": "A\n"})
    assert ("orphan", "main", "parent", ("file.txt",)) in told(lined)


def test_uncommitted_work_does_not_count_and_is_told(lined: World) -> None:
    first = worked(lined, "first", {"file.txt": "one\nFIRST\nthree\n"})
    second = lined.run("second")
    (second.worktree / "file.txt").write_text("one\nSECOND\nthree\n")
    (second.worktree / "new.txt").write_text("untracked\n")
    (first.worktree / "new.txt").write_text("untracked\n")
    result = lined.ok("conflicts")
    assert result.out == "no conflicts among 1 run\n"
    assert result.err.splitlines() == [
        "second has 2 uncommitted files, which do not count",
        "first has 1 uncommitted file, which does not count",
    ]


def test_archived_and_broken_runs_and_missing_worktrees_do_not_disturb(lined: World) -> None:
    for name in ("cleaned", "broken", "missing"):
        worked(lined, name, {"file.txt": f"one\n{name}\nthree\n"})
    worked(lined, "whole", {"file.txt": "one\nwhole\nthree\n"})
    lined.ok("clean", "cleaned", "--yes", "--discard")
    runs = {str(row["name"]): lined.find(row["run_id"]) for row in lined.runs()}
    (runs["broken"].directory / "meta.json").write_text("{")
    shutil.rmtree(runs["missing"].worktree)
    assert told(lined) == {("whole", "missing", "run", ("file.txt",))}
    assert column(lined, "whole") == "missing"


def test_outside_a_repo_every_repo_is_looked_at(lined: World) -> None:
    other = lined.make_repo("other", {"file.txt": "one\n"})
    for repo, name in ((lined.repo, "here"), (other, "there")):
        run = lined.run(name, cwd=repo)
        lined.commit({"file.txt": f"{name}\n"}, cwd=run.worktree)
        lined.commit({"file.txt": "main\n"}, cwd=repo)
    every = {(name, "main", "parent", ("file.txt",)) for name in ("here", "there")}
    assert told(lined, cwd=lined.home) == every
    assert told(lined, cwd=other) == {one for one in every if one[0] == "there"}
    assert told(lined, "--repo", str(other)) == {one for one in every if one[0] == "there"}
    shutil.rmtree(other)
    result = lined.ok("conflicts", cwd=lined.home)
    assert "here" in result.out and "the repository of there is gone" in result.err


def test_nothing_is_written_and_no_lock_is_needed(lined: World) -> None:
    for name in ("first", "second", "third"):
        worked(lined, name, {"file.txt": f"one\n{name}\nthree\n", f"{name}.txt": "x\n"})
    lined.commit({"file.txt": "one\nMAIN\nthree\n"})
    (lined.root / "tmp").mkdir()
    places = (lined.data, lined.config, lined.home, lined.repo)
    with lock_held(lined):
        before = footprint(*places)
        for words in (("conflicts",), ("ls", "--wide"), ("ls", "--wide", "--json")):
            result = lined.agency(*words, env={"TMPDIR": str(lined.root / "tmp")})
            assert result.code == 0, result.err
            assert "main" in result.out
        assert footprint(*places) == before
    assert list((lined.root / "tmp").iterdir()) == []


def test_without_a_directory_for_temporary_files_of_the_user_memory_or_the_system_has_one(lined: World) -> None:
    worked(lined, "late", {"file.txt": "one\nLATE\nthree\n"})
    lined.commit({"file.txt": "one\nMAIN\nthree\n"})
    lined.env.pop("TMPDIR", None)
    assert told(lined) == {("late", "main", "parent", ("file.txt",))}


def test_what_a_killed_command_left_in_memory_is_removed_after_an_hour(lined: World) -> None:
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        pytest.skip("no files in memory here")
    worked(lined, "late", {"file.txt": "one\nLATE\nthree\n"})
    lined.commit({"file.txt": "one\nMAIN\nthree\n"})
    lined.env.pop("TMPDIR", None)
    left = {age: memory / f"agency-trial-test-{os.getpid()}-{age}" for age in ("old", "young")}
    try:
        for path in left.values():
            path.mkdir()
            (path / "object").touch()
        os.utime(left["old"], (1, 1))
        lined.ok("ls", "--wide")
        assert {age: path.exists() for age, path in left.items()} == {"old": False, "young": True}
    finally:
        for path in left.values():
            shutil.rmtree(path, ignore_errors=True)


def test_a_repository_that_borrows_its_objects_is_looked_at(lined: World) -> None:
    borrowing = lined.root / "borrowing"
    lined.git("clone", "--quiet", "--shared", str(lined.repo), str(borrowing))
    run = lined.run("late", cwd=borrowing)
    lined.commit({"file.txt": "one\nLATE\nthree\n"}, cwd=run.worktree)
    lined.commit({"file.txt": "one\nMAIN\nthree\n"}, cwd=borrowing)
    assert told(lined, cwd=borrowing) == {("late", "main", "parent", ("file.txt",))}


def test_a_run_that_ends_with_a_merge_is_compared_by_what_it_changed_itself(lined: World) -> None:
    run = worked(lined, "merged", {"other.txt": "merged\n"})
    lined.commit({"file.txt": "one\nMAIN\nthree\n"})
    lined.git("merge", "--quiet", "--no-edit", "main", cwd=run.worktree)
    worked(lined, "apart", {"file.txt": "one\nAPART\nthree\n"})
    worked(lined, "same", {"other.txt": "same\n"})
    assert told(lined) == {("same", "merged", "run", ("other.txt",))}


def test_a_repository_at_an_odd_path_is_looked_at(world: World) -> None:
    odd = world.make_repo('odd: "path" \\ é', {"file.txt": "one\n"})
    run = world.run("one", cwd=odd)
    world.commit({"file.txt": "two\n"}, cwd=run.worktree)
    world.commit({"file.txt": "three\n"}, cwd=odd)
    assert told(world, cwd=odd) == {("one", "main", "parent", ("file.txt",))}


def test_only_pairs_that_may_conflict_are_merged(lined: World) -> None:
    for number in range(6):
        worked(lined, f"apart-{number}", {f"own-{number}.txt": "x\n"})
    worked(lined, "one", {"file.txt": "one\nONE\nthree\n"})
    worked(lined, "two", {"file.txt": "one\nTWO\nthree\n"})
    lined.commit({"other.txt": "main\n"})
    log = ToolLog(lined, "git")
    assert lined.agency("ls", "--wide", env=log.env).code == 0
    calls = log.calls()
    assert len([call for call in calls if " merge-tree " in call]) == 1, calls
    assert len([call for call in calls if " for-each-ref " in call]) == 1, calls
    assert len(calls) == 4, calls


def test_many_merges_at_once_are_told_apart(lined: World) -> None:
    for number in range(8):
        run = lined.run(f"run-{number}")
        files = {"file.txt": f"one\n{number}\nthree\n"} if number % 2 else {"other.txt": f"{number}\n"}
        lined.commit({**files, f"deep/{'a' if number < 4 else 'b'}.txt": f"{number}\n"}, cwd=run.worktree)
    expected = {
        (f"run-{one}", f"run-{other}", "run", paths)
        for one in range(8)
        for other in range(one)
        if (
            paths := tuple(
                [f"deep/{'a' if one < 4 else 'b'}.txt"] * ((one < 4) == (other < 4))
                + ["file.txt" if one % 2 else "other.txt"] * (one % 2 == other % 2)
            )
        )
    }
    assert told(lined) == expected


def test_the_wide_list_shows_conflicts_of_both_sides(lined: World) -> None:
    first = worked(lined, "first", {"file.txt": "one\nFIRST\nthree\n"})
    second = worked(lined, "second", {"file.txt": "one\nSECOND\nthree\n", "other.txt": "second\n"})
    lined.run("idle")
    lined.commit({"other.txt": "main\n"})
    assert column(lined, "first") == "second"
    assert column(lined, "second") == "main, first"
    assert column(lined, "idle") == "-"
    rows = {row["name"]: row["conflicts"] for row in lined.ok("ls", "--wide", "--json").data}
    assert rows["idle"] == []
    assert rows["first"] == [
        {
            "run_id": first.id,
            "name": "first",
            "with": "second",
            "with_run_id": second.id,
            "kind": "run",
            "paths": ["file.txt"],
        }
    ]
    assert [(one["with"], one["kind"]) for one in rows["second"]] == [("main", "parent"), ("first", "run")]
    assert all("conflicts" not in row for row in lined.ok("ls", "--json").data)


def test_the_wide_list_of_some_runs_knows_the_conflicts_with_all(lined: World) -> None:
    worked(lined, "first", {"file.txt": "one\nFIRST\nthree\n"})
    worked(lined, "second", {"file.txt": "one\nSECOND\nthree\n"})
    lined.ok("kill", "second")
    (row,) = lined.ok("ls", "--wide", "--json", "--status", "stopped").data
    assert [one["with"] for one in row["conflicts"]] == ["first"]


def old_git(world: World) -> dict[str, str]:
    """The environment with a git that does not know how to merge without a worktree."""
    place = world.root / "old-git"
    place.mkdir()
    real = shutil.which("git")
    (place / "git").write_text(f"""#!/bin/sh
for word; do
  case $word in
    merge-tree) echo "usage: git merge-tree <base-tree> <branch1> <branch2>" >&2; exit 129;;
    version|--version) echo "git version 2.34.1"; exit;;
  esac
done
exec {real} "$@"
""")
    (place / "git").chmod(0o755)
    return {"PATH": f"{place}:{world.env['PATH']}"}


def test_a_git_that_is_too_old_is_told_plainly(lined: World) -> None:
    worked(lined, "first", {"file.txt": "one\nFIRST\nthree\n"})
    lined.commit({"file.txt": "one\nMAIN\nthree\n"})
    env = old_git(lined)
    result = lined.agency("conflicts", env=env)
    assert (result.code, result.error_code) == (1, "E_GIT_TOO_OLD")
    assert "git version 2.34.1 cannot merge on trial, which needs git 2.39 or newer" in result.err
    listed = lined.agency("ls", "--wide", env=env)
    assert listed.code == 0
    assert "going on without conflicts: git version 2.34.1" in listed.err
    assert "  ?  " in listed.out
    assert lined.agency("ls", "--wide", "--json", env=env).data[0]["conflicts"] is None
    doctor = lined.agency("doctor", env=env)
    assert "git version 2.34.1 is older than 2.39" in doctor.out
