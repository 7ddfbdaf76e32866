"""What was kept of present runs without a person asking for it, and is old: checkpoints made by themselves, and worktrees that a
hard reset replaced."""

import os
from datetime import UTC, datetime

from agency.domain.checkpoint import Checkpoint
from agency.domain.journal import fold
from agency.domain.run import BrokenRun, Run
from agency.sessions.checkpoints import list_checkpoints
from agency.sessions.context import Context
from agency.sessions.place import repo_of
from agency.sessions.remove import clear_way, remove_directory
from agency.store.records import make_directory, move_directory
from agency.store.runs import log_of
from agency.tools.git.command import Git
from agency.tools.git.keptrefs import checkpoint_ref, drop_refs


def old_checkpoints(context: Context, run: Run, limit: datetime) -> list[Checkpoint]:
    """The checkpoints from before ``limit`` that were made by themselves; none while something of the run is half-done."""
    if fold(log_of(run).read()).operation is not None:
        return []
    return [one for one in list_checkpoints(context, run) if one.automatic and one.created <= limit.timestamp()]


def old_evidence(run: Run, limit: datetime) -> list[str]:
    """The worktrees that hard resets replaced before ``limit``; none while something of the run is half-done."""
    if fold(log_of(run).read()).operation is not None:
        return []
    return [path for path in evidence_of(run) if datetime.fromtimestamp(os.lstat(path).st_ctime, UTC) <= limit]


def evidence_of(run: Run | BrokenRun) -> list[str]:
    """The worktrees that hard resets replaced."""
    place = f"{run.directory}/evidence"
    return sorted(f"{place}/{name}" for name in os.listdir(place)) if os.path.isdir(place) else []


def drop_checkpoints(context: Context, run: Run, limit: datetime) -> None:
    """Let go of the checkpoints that are old once the lock is held."""
    with context.lock(run.repo_id) as lock:
        repo = repo_of(context, run)
        old = old_checkpoints(context, run, limit)
        if repo is None or not old:
            return
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        refs = [checkpoint_ref(run.run_id, one.number) for one in old]
        clear_way(context, run, git)
        drop_refs(git, refs)


def drop_evidence(context: Context, run: Run | BrokenRun, path: str) -> None:
    """Remove a worktree that was replaced: it leaves the directory of the run whole. Hold the repo lock."""
    target = f"{context.paths.trash(run.repo_id)}/{run.run_id}.{os.path.basename(path)}"
    make_directory(os.path.dirname(target))
    remove_directory(context, run.repo_id, target)
    move_directory(path, target)
    remove_directory(context, run.repo_id, target)
