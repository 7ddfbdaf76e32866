"""The operations that are killed: how the world stands before, the command, and what a user types next.

``forward`` finishes what the kill left, ``back`` undoes it; both are commands that ``agency ls`` or an error names.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from internal_tests.chaos.invariants import RUNNER, runners
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

NAME = "chaos"
CLEAN = ("clean", NAME, "--yes", "--discard")
RESUME = ("resume", NAME, "--detached")
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


@dataclass(frozen=True)
class Operation:
    """One operation. ``prepare`` makes the files it begins from, ``warm_up`` what has to run besides."""

    words: tuple[str, ...]
    prepare: Callable[[World], None]
    warm_up: Callable[[World], None]
    forward: tuple[tuple[str, ...], ...]
    back: tuple[tuple[str, ...], ...]


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


OPERATIONS: dict[str, Operation] = {
    "run": Operation(
        words=("run", NAME, "--detached"),
        prepare=fresh,
        warm_up=nothing,
        forward=(("run", NAME, "--detached"), ("restore", NAME), RESUME),
        back=(CLEAN,),
    ),
    "resume-missing-session": Operation(
        words=RESUME, prepare=stopped_with_work, warm_up=nothing, forward=(RESUME,), back=(CLEAN,)
    ),
    "resume-dead-pane": Operation(
        words=RESUME, prepare=stopped_with_work, warm_up=dead_pane, forward=(RESUME,), back=(CLEAN,)
    ),
    "resume-restart": Operation(
        words=(*RESUME, "--restart", "--yes"), prepare=stopped_with_work, warm_up=live, forward=(RESUME,), back=(CLEAN,)
    ),
    "clean-plain": Operation(
        words=("clean", NAME, "--yes"),
        prepare=stopped,
        warm_up=live,
        forward=(CLEAN,),
        back=(("restore", NAME), RESUME),
    ),
    "clean-discard": Operation(
        words=CLEAN, prepare=stopped_with_work, warm_up=live, forward=(CLEAN,), back=(("restore", NAME), RESUME)
    ),
    "clean-delete-branch": Operation(
        words=(*CLEAN, "--delete-branch"),
        prepare=stopped_with_work,
        warm_up=nothing,
        forward=((*CLEAN, "--delete-branch"),),
        back=(("restore", NAME), RESUME),
    ),
    "restore": Operation(
        words=("restore", NAME),
        prepare=archived_with_work,
        warm_up=nothing,
        forward=(("restore", NAME), RESUME),
        back=(CLEAN,),
    ),
}


def only_run(world: World) -> SeenRun:
    """The one run of the world."""
    (row,) = world.runs()
    return world.find(row["run_id"])


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
