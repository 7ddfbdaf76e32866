"""Removing directories and branches of runs: every removal passes the one rule of :mod:`agency.domain.deletion`."""

import errno
import os
import shutil

from agency.domain.deletion import DeletionFacts, branch_refusal, refusal
from agency.domain.errors import AgencyError
from agency.domain.ids import RepoId
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.environment import OWNER
from agency.store.failures import told_plainly
from agency.tools.git.command import Git
from agency.tools.git.keptrefs import locked_refs
from agency.tools.git.leftovers import clear_leftovers
from agency.tools.git.snapshot import trash_ref
from agency.tools.git.worktree import delete_branch, list_checkouts, resolve
from agency.tools.retry import patiently

_GRACE = 2.0
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5)


def clear_way(context: Context, run: Run, git: Git, *refs: str) -> None:
    """Remove what a killed git left in the repository and would stop the next, also of ``refs`` that are no part of the run. Hold
    the repo lock."""
    clear_leftovers(
        git.git_dir or "",
        refs=(
            f"refs/heads/{run.branch}",
            trash_ref(run.run_id),
            f"refs/remotes/origin/{run.branch}",
            f"refs/remotes/origin/{run.parent_branch}",
            *locked_refs(git.git_dir or "", run.run_id),
            *refs,
        ),
        worktrees=context.paths.worktrees(run.repo_id),
    )


def require_deletable(context: Context, repo_id: RepoId, path: str, *, keep: tuple[str, ...] = ()) -> None:
    """Raise E_UNSAFE_DELETE unless the directory ``path`` may be removed or moved aside. ``keep`` are the checkout and
    git directory of the repo."""
    reason = refusal(
        DeletionFacts(
            path=os.path.realpath(path),
            managed_root=os.path.realpath(context.paths.repo(repo_id)),
            main_checkouts=tuple(os.path.realpath(place) for place in keep if place),
        )
    )
    if reason is not None:
        raise AgencyError("E_UNSAFE_DELETE", f"{path} must not be deleted: {reason}", hint="agency doctor", path=path)


def remove_tree(context: Context, run: Run, path: str) -> None:
    """Remove a directory of a run for good. Raises E_UNSAFE_DELETE or E_STORE_FAILED."""
    remove_directory(context, run.repo_id, path, keep=(run.repo_root, run.git_dir))


def remove_directory(context: Context, repo_id: RepoId, path: str, *, keep: tuple[str, ...] = ()) -> None:
    """Remove a directory that agency manages for good, if it is there. Raises E_UNSAFE_DELETE or E_STORE_FAILED."""
    if not os.path.lexists(path):
        return
    require_deletable(context, repo_id, path, keep=keep)
    with told_plainly("removing a directory", path):
        _rmtree(path)


def end_and_remove(context: Context, repo_id: RepoId, path: str, *, owner: str, keep: tuple[str, ...] = ()) -> None:
    """End what a killed agency left running in a directory (``owner`` marks it), and remove that for good, if it is there.

    A git that had only begun is not in the directory yet when it is looked for, and fills it while it is removed: both are done
    again then. Raises E_UNSAFE_DELETE or E_STORE_FAILED.
    """
    if not os.path.lexists(path):
        return
    from agency.tools.processtree import Mark, end_tree

    mark = Mark(variable=OWNER, value=owner, directory=os.path.realpath(path))

    def once() -> None:
        end_tree([], mark, grace=_GRACE)
        remove_directory(context, repo_id, path, keep=keep)

    patiently(once, passing=_is_filled_again, pauses=_PAUSES)


def _is_filled_again(error: Exception) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOTEMPTY, errno.EEXIST)


def _rmtree(path: str) -> None:
    """Remove a directory, read-only parts too (some build tools leave them)."""
    for place, directories, _ in os.walk(path):
        for name in directories:
            inner = f"{place}/{name}"
            if not os.path.islink(inner) and not os.access(inner, os.W_OK | os.X_OK):
                os.chmod(inner, 0o700)
    shutil.rmtree(path)


def remove_branch(git: Git, run: Run, *, only_at: str | None = None) -> str | None:
    """Delete the branch of a run and return the commit it pointed to; None when there is none, or when it no longer
    points to ``only_at``. Hold the repo lock. Raises E_UNSAFE_DELETE."""
    tip = resolve(git, f"refs/heads/{run.branch}")
    if tip is None or (only_at is not None and tip != only_at):
        return None
    standing = [
        checkout.path
        for checkout in list_checkouts(git)
        if checkout.branch == run.branch and os.path.realpath(checkout.path) != os.path.realpath(run.worktree)
    ]
    reason = branch_refusal(run.branch, name=run.name, run_id=run.run_id, checked_out_at=standing)
    if reason is not None:
        raise AgencyError("E_UNSAFE_DELETE", f"branch {run.branch} must not be deleted: {reason}", run_id=run.run_id)
    delete_branch(git, run.branch, tip)
    return tip
