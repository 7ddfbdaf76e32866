"""The operations that are killed: how the world stands before, the command, and what a user types next."""

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from internal_tests.chaos.invariants import RUNNER, data_of, run_directories, runners
from internal_tests.chaos.killing import Step
from internal_tests.support.github import NAME as REPO
from internal_tests.support.github import OWNER, GitHub, serving
from internal_tests.support.pulls import Pulls
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

NAME = "chaos"
AGAIN = ("run", NAME, "--detached")
RESUME = ("resume", NAME, "--detached")
CLEAN = ("clean", NAME, "--yes", "--discard")
RESTORE = ("restore", NAME)
LAND = ("land", NAME, "--yes")
VERIFY = ("verify", NAME)
WORK = ("committed.txt", "deep/note.txt", "src.txt", "staged.txt")
PUSH = ("push", NAME)
MERGE = ("merge", NAME, "--yes")
SAVE = ("checkpoint", "save", NAME)
SET_BACK = ("checkpoint", "restore", NAME, "1", "--yes")
_CONFIG = f"""version: 1
defaults: {{runner: still}}
runners:
  still: {{command: [{RUNNER[0]}, "{RUNNER[1]}"]}}
session: {{startup_grace: 0ms}}
scripts:
  setup: {{command: "true"}}
  archive: {{command: "true"}}
"""


@dataclass(frozen=True)
class Work:
    """What an agent left in a worktree, as files and git show it."""

    files: Mapping[str, str] = field(default_factory=dict)
    tip: str = ""
    status: str = ""


EVERY_STEP = "AGENCY_CHAOS_EVERY_STEP" in os.environ
"""Kill at every step, also where another operation is killed at the same ones."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """One operation. ``prepare`` makes the files it begins from, ``warm_up`` what has to run besides.

    ``ways`` are what a user may type after a kill, as ``agency ls`` and the hints of errors say: each finishes or undoes
    what was left half-done. AGAIN is typed only when no run is there, everything else only when one is. ``judge`` looks, once the
    run is archived, whether what it was to bring about has come about once or not at all. ``check`` looks at the work where it
    may have become another: what it was before, and whether the operation was typed again to its end.
    """

    words: Words
    prepare: Callable[[World], None]
    warm_up: Callable[[World], None]
    ways: tuple[tuple[Words, ...], ...]
    judge: Callable[[World], None] | None = None
    own: tuple[str, str] | None = None
    check: Callable[[World, Work, bool], None] | None = None

    def kills(self, steps: Sequence[Step]) -> list[int]:
        """The numbers of the steps that it is killed at. Of its own, those that the same lines of agency take the first, the last
        and each fourth time; of those that another operation is killed at (the verify before a merge, the archiving that ends it,
        a clean once more) each tenth; with AGENCY_CHAOS_EVERY_STEP all.

        ``own`` is what the first of its own steps and the first that is no longer one are done to; None: all are its own.
        """
        if EVERY_STEP:
            return [step.number for step in steps]
        marks = self.own if self.own is not None else ("", None)
        first, after = (
            next((step.number for step in steps if mark is not None and mark in step.what), len(steps) + 1)
            for mark in marks
        )
        last = {(step.kind, step.place): step.number for step in steps}
        seen: Counter[tuple[str, str]] = Counter()
        chosen = []
        for step in steps:
            same = (step.kind, step.place)
            seen[same] += 1
            own = first <= step.number < after
            some = seen[same] == 1 or seen[same] % 4 == 0 or last[same] == step.number
            if (own and some) or (not own and step.number % 10 == 0):
                chosen.append(step.number)
        return chosen


def fresh(world: World) -> None:
    """A repo that agency has never seen."""
    world.commit({"agency.yaml": _CONFIG, ".gitignore": "*.bin\n", "src.txt": "as committed\n"})


def stopped(world: World) -> None:
    """A run that holds no work of its own besides a file that git ignores, without a session."""
    fresh(world)
    run = world.run(NAME)
    (run.worktree / "keep.bin").write_text("ignored by git\n")
    world.ok("kill", NAME)


def stopped_with_work(world: World) -> None:
    """The same with a commit, staged, unstaged and untracked work."""
    stopped(world)
    run = only_run(world)
    world.commit({"committed.txt": "in a commit\n"}, cwd=run.worktree)
    (run.worktree / "staged.txt").write_text("staged\n")
    world.git("add", "staged.txt", cwd=run.worktree)
    (run.worktree / "src.txt").write_text("changed\n")
    (run.worktree / "deep").mkdir()
    (run.worktree / "deep" / "note.txt").write_text("untracked\n")


def ruined_after_a_checkpoint(world: World) -> None:
    """The same, kept as a checkpoint, and ruined since."""
    stopped_with_work(world)
    world.ok(*SAVE)
    tree = only_run(world).worktree
    world.git("rm", "--quiet", "--force", "staged.txt", cwd=tree)
    (tree / "src.txt").write_text("ruined\n")
    (tree / "deep" / "note.txt").unlink()
    (tree / "later").mkdir()
    (tree / "later" / "new.txt").write_text("made since\n")
    world.git("add", "later", cwd=tree)


def stopped_with_work_to_verify(world: World) -> None:
    """The same, and a verify script that judges it."""
    stopped_with_work(world)
    world.commit({"agency.yaml": f"{_CONFIG}  verify: {{command: [test, -f, deep/note.txt]}}\n"})


def stopped_with_commits(world: World) -> None:
    """A run without a session that holds two commits, and a verify script that judges them."""
    fresh(world)
    world.commit({"agency.yaml": f"{_CONFIG}  verify: {{command: [test, -f, deep/new.txt]}}\n", "gone.txt": "old\n"})
    run = world.run(NAME)
    world.commit({"src.txt": "changed\n", "deep/new.txt": "new\n"}, "one", cwd=run.worktree)
    world.git("rm", "-q", "gone.txt", cwd=run.worktree)
    world.git("commit", "-qm", "two", cwd=run.worktree)
    world.ok("kill", NAME)


def on_github(world: World) -> None:
    """The same, with a GitHub as origin that knows the parent branch."""
    if shutil.which("gh") is None:
        pytest.skip("gh is not installed")
    world.closing.enter_context(serving(GitHub(world)))
    stopped_with_commits(world)
    world.git("push", "--quiet", "origin", "main")


def with_pull_request(world: World) -> None:
    """The same, with a pull request of the run."""
    on_github(world)
    world.ok(*PUSH)


def archived_with_work(world: World) -> None:
    """The same, cleaned with its branch."""
    stopped_with_work(world)
    world.ok(*CLEAN, "--delete-branch")


def nothing(world: World) -> None:
    """Nothing runs."""


def live(world: World) -> None:
    """The session lives."""
    world.ok(*RESUME)


def dead_pane(world: World) -> None:
    """The runner has ended and its pane is there."""
    live(world)
    run = only_run(world)
    ((_, pid),) = wait_for(lambda: list(runners(world)), "the runner")
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: run.pane()["dead"] == "1", "the pane to be dead")


def landed_once_or_not_at_all(world: World) -> None:
    """The branch holds the work in one commit exactly when the run counts as merged, and the checkout shows the same."""
    (row,) = world.runs()
    subjects = world.git("log", "--format=%s", "main").splitlines()
    merged = row["derived_status"] == "merged"
    assert subjects.count(NAME) == merged, f"{row['derived_status']}, but main holds {subjects}"
    assert (world.repo / "deep" / "new.txt").exists() == merged
    assert (world.repo / "gone.txt").exists() != merged
    assert (world.repo / "src.txt").read_text() == ("changed\n" if merged else "as committed\n")


def pushed_once_or_not_at_all(world: World) -> None:
    """There is one pull request at most, which is of the work and is the one that the run knows."""
    (row,) = world.runs()
    pulls = pulls_of(world).all()
    assert len(pulls) <= 1, f"several pull requests: {pulls}"
    finished = b'"event":"push_finished"' in (only_run(world).directory / "events.jsonl").read_bytes()
    if finished or row["pr_number"]:
        (pull,) = pulls
        tip = world.git("rev-parse", row["branch"])
        assert (row["pr_number"], pull.state, pull.head_commit) == (pull.number, "OPEN", tip)
        assert pull.title == NAME and "- one\n- two\n" in pull.body


def merged_once_or_not_at_all(world: World) -> None:
    """The base branch on GitHub holds the work once when the pull request is merged, else not, and a run that counts as merged
    was."""
    (row,) = world.runs()
    pulls = pulls_of(world)
    (pull,) = pulls.all()
    subjects = pulls.git("log", "--format=%s", "main").splitlines()
    merged = pull.state == "MERGED"
    assert subjects.count(f"{NAME} (#1)") == merged, f"{pull.state}, but main holds {subjects}"
    assert merged or row["derived_status"] != "merged", "counts as merged, and is not"


def verified_wholly_or_not_at_all(world: World) -> None:
    """What the events call verified has its evidence, and evidence holds for the work as it was."""
    run = only_run(world)
    evidence = run.directory / "verify_record.json"
    finished = data_of(run.directory, "verify_finished")
    assert evidence.exists() or not finished, f"verified {len(finished)} times without evidence"
    assert all(data["ok"] for data in finished), finished
    if evidence.exists():
        kept = json.loads(evidence.read_text())
        assert (kept["ok"], kept["exit_code"], kept["cancelled"]) == (True, 0, False)
        files = world.git("ls-tree", "-r", "--name-only", kept["tree"]).splitlines()
        assert files == [".gitignore", "README.md", "agency.yaml", *WORK]
    (row,) = world.runs()
    assert row["attention"] is None


def set_back_or_kept(world: World, before: Work, done: bool) -> None:
    """The files are those of the checkpoint, or in the middle of a kill some of both; what they were before is kept."""
    run = only_run(world)
    now = look_at_work(world, run)
    refs = world.git("for-each-ref", "--format=%(refname)", f"refs/agency/checkpoints/{run.id}").split()
    kept = [_files_of(world, ref) for ref in refs]
    ignored = {path: held for path, held in now.files.items() if path == "keep.bin"}
    good = {**kept[0], **ignored}
    assert now.tip == before.tip and ignored == {"keep.bin": "ignored by git\n"}
    assert all(held in (good.get(path), before.files.get(path)) for path, held in now.files.items()), now.files
    assert now.files == before.files or before.files in [{**files, **ignored} for files in kept[1:]], "not kept"
    if done:
        assert now.files == good, now.files
        assert "deep/note.txt" in now.files and not (run.worktree / "later").exists()


def listed_as_kept(world: World) -> None:
    """Every checkpoint is listed, with the reason for it."""
    (row,) = world.runs()
    refs = world.git("for-each-ref", "--format=%(refname)", "refs/agency/checkpoints").split()
    listed = world.ok("checkpoint", "ls", row["run_id"], "--json").data
    assert [str(one["number"]) for one in listed] == [ref.rpartition("/")[2] for ref in refs]
    assert {one["reason"] for one in listed[1:]} <= {"before restore"}, listed


def _files_of(world: World, commit: str) -> dict[str, str]:
    paths = world.git("ls-tree", "-r", "--name-only", commit).splitlines()
    return {path: world.git("cat-file", "blob", f"{commit}:{path}") + "\n" for path in paths}


_RESUMED = ((RESUME,), (CLEAN,))

OPERATIONS: dict[str, Operation] = {
    "run": Operation(
        words=AGAIN,
        prepare=fresh,
        warm_up=nothing,
        ways=((AGAIN, RESUME, RESTORE, RESUME), (CLEAN,), (AGAIN, RESTORE, RESUME)),
    ),
    "resume-missing-session": Operation(words=RESUME, prepare=stopped_with_work, warm_up=nothing, ways=_RESUMED),
    "resume-dead-pane": Operation(words=RESUME, prepare=stopped_with_work, warm_up=dead_pane, ways=_RESUMED),
    "resume-restart": Operation(
        words=(*RESUME, "--restart", "--yes"), prepare=stopped_with_work, warm_up=live, ways=_RESUMED
    ),
    "clean-plain": Operation(
        words=CLEAN[:-1],
        prepare=stopped,
        warm_up=live,
        ways=((CLEAN,), (RESTORE,)),
        own=("events.jsonl", "agency-index"),
    ),
    "clean-discard": Operation(
        words=CLEAN,
        prepare=stopped_with_work,
        warm_up=nothing,
        ways=((CLEAN,), (RESTORE,)),
        own=("", "logs/archive.log"),
    ),
    "clean-delete-branch": Operation(
        words=(*CLEAN, "--delete-branch"),
        prepare=stopped_with_work,
        warm_up=nothing,
        ways=(((*CLEAN, "--delete-branch"),), (RESTORE,)),
    ),
    "verify": Operation(
        words=VERIFY,
        prepare=stopped_with_work_to_verify,
        warm_up=nothing,
        ways=((VERIFY,), (RESUME,), (CLEAN,), (VERIFY, RESUME, VERIFY)),
        judge=verified_wholly_or_not_at_all,
    ),
    "land": Operation(
        words=LAND,
        own=("events.jsonl", "logs/archive.log"),
        prepare=stopped_with_commits,
        warm_up=nothing,
        ways=((LAND,), (CLEAN,), (RESUME, LAND)),
        judge=landed_once_or_not_at_all,
    ),
    "push": Operation(
        words=PUSH,
        prepare=on_github,
        warm_up=nothing,
        ways=((PUSH,), (CLEAN,), (RESUME, PUSH)),
        judge=pushed_once_or_not_at_all,
    ),
    "merge": Operation(
        words=MERGE,
        own=("meta.json", "logs/archive.log"),
        prepare=with_pull_request,
        warm_up=nothing,
        ways=((MERGE,), (MERGE, MERGE), (RESUME, MERGE), (CLEAN,)),
        judge=merged_once_or_not_at_all,
    ),
    "checkpoint-restore": Operation(
        words=SET_BACK,
        prepare=ruined_after_a_checkpoint,
        warm_up=nothing,
        ways=((SET_BACK,), (CLEAN,), (RESUME, SET_BACK)),
        check=set_back_or_kept,
        judge=listed_as_kept,
    ),
    "restore": Operation(
        words=RESTORE, prepare=archived_with_work, warm_up=nothing, ways=((RESTORE, RESUME), (CLEAN,))
    ),
}


def only_run(world: World) -> SeenRun:
    """The one run of the world."""
    (directory,) = run_directories(world)
    return world.find(directory.name)


def pulls_of(world: World) -> Pulls:
    """The pull requests on the GitHub of the world, as they are on disk."""
    return Pulls(world.root / "remote.git", OWNER, REPO, world.env)


def look_at_work(world: World, run: SeenRun) -> Work:
    """The work in the worktree now: files that are not agency's own, the commit of the branch, what git calls changed."""
    files = {
        str(path.relative_to(run.worktree)): path.read_text()
        for path in sorted(run.worktree.rglob("*"))
        if path.is_file() and path.relative_to(run.worktree).parts[0] not in (".git", ".agency")
    }
    return Work(
        files=files,
        tip=world.git("rev-parse", f"refs/heads/{run.branch}"),
        status=world.git("status", "--porcelain", "--branch", cwd=run.worktree),
    )
