"""The worktree of a run: is it there, and git in it."""

import os

from agency.domain.errors import AgencyError
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.worktree import linked_tree, repair_link


def require_worktree(run: Run) -> str:
    """The path of the worktree. Raises E_WORKTREE_MISSING when it is gone or was archived."""
    if not run.archived and os.path.isdir(run.worktree):
        return run.worktree
    raise AgencyError(
        "E_WORKTREE_MISSING",
        f"run {run.name} is archived" if run.archived else f"the worktree of {run.name} is gone",
        hint=f"agency restore {run.run_id if run.archived else run.name}",
        run_id=run.run_id,
        worktree=run.worktree,
    )


def is_connected(run: Run, repo: Repo) -> bool:
    """Whether git works in the worktree: it and ``repo`` point to each other, and it stands where it should."""
    place = discover(run.worktree)
    tree = os.path.realpath(run.worktree)
    return (
        place is not None
        and place.tree == tree
        and place.common_dir == repo.git_dir
        and os.path.realpath(linked_tree(place.git_dir) or "/") == tree
    )


def connect(run: Run, repo: Repo, git: Git) -> bool:
    """Connect the worktree with the repository again where either was moved; whether git works in it afterwards.

    Hold the repo lock.
    """
    if not is_connected(run, repo):
        repair_link(git, run.worktree)
    return is_connected(run, repo)


def git_in(context: Context, run: Run) -> Git:
    """Git in the worktree of the run. Raises E_WORKTREE_MISSING."""
    return Git(environ=context.environ, tree=require_worktree(run))
