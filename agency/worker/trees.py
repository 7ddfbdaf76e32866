"""The files of the worktree as git trees: what they are now, and what has changed. The index of the run is left alone."""

import os
import time

from agency.domain.errors import AgencyError
from agency.domain.secretnames import looks_like_secret_file
from agency.store.steps import read_step
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.leftovers import clear_leftovers, clear_lock
from agency.tools.git.snapshot import write_tree_without
from agency.worker.work import Work

_LOCKS = ("index.lock", "HEAD.lock", "config.worktree.lock")


def tree_of(work: Work) -> str:
    """The tree of everything in the worktree, untracked files too, ignored ones and those that look like secrets not: what the
    checkpoint of a step would hold. Raises E_GIT_FAILED, E_DISK_FULL."""
    place = discover(work.run.worktree)
    git_dir = place.git_dir if place is not None else None
    return write_tree_without(git_of(work), git_dir, looks_like_secret_file).tree


def git_of(work: Work) -> Git:
    """Git in the worktree."""
    return Git(environ=work.context.environ, tree=work.run.worktree)


def tree_before(work: Work) -> str:
    """The tree that the current step began with: what the step before left, or the commit that the run began with."""
    index = work.state.step_index
    checkpoint = read_step(work.run.directory, index - 1) if index else None
    return (
        checkpoint.after_tree
        if checkpoint is not None
        else git_of(work).say("rev-parse", f"{work.run.base_commit}^{{tree}}")
    )


def changed_paths(work: Work, before: str, after: str) -> list[str]:
    """The paths that differ between two trees, sorted."""
    if before == after:
        return []
    return sorted(set(git_of(work).items("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after)))


def changed_since(work: Work, before: str) -> tuple[float | None, str]:
    """How many seconds ago the files last changed (None: they are those of ``before``), and their tree now. While that cannot be
    told, because they change just then, they changed now."""
    try:
        after = tree_of(work)
        paths = changed_paths(work, before, after)
    except AgencyError:
        return 0.0, before
    if not paths:
        return None, after
    return _age_of_newest(work.run.worktree, paths), after


def clear_stale_locks(work: Work) -> None:
    """Remove the lock files that a killed git of the attempt left; no process of it is alive. Takes the repo lock only where
    there may be some of the repository's."""
    place = discover(work.run.worktree)
    if place is None:
        return
    for name in _LOCKS:
        clear_lock(f"{place.git_dir}/{name}", git_dir=place.common_dir, places=(work.run.worktree,))
    refs = (f"refs/heads/{work.run.branch}",)
    if any(os.path.lexists(f"{place.common_dir}/{ref}.lock") for ref in ("packed-refs", *refs)):
        with work.context.lock(work.run.repo_id):
            worktrees = os.path.dirname(work.run.worktree)
            clear_leftovers(place.common_dir, refs=refs, worktrees=worktrees)


def _age_of_newest(worktree: str, paths: list[str]) -> float:
    newest = 0.0
    for path in paths:
        for place in (f"{worktree}/{path}", os.path.dirname(f"{worktree}/{path}")):
            try:
                newest = max(newest, os.lstat(place).st_mtime)
            except OSError:
                continue
    return max(0.0, time.time() - newest)
