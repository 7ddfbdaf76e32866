"""The worktree of a run: is it there, and git in it."""

import os

from agency.domain.errors import AgencyError
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.tools.git.command import Git


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


def git_in(context: Context, run: Run) -> Git:
    """Git in the worktree of the run. Raises E_WORKTREE_MISSING."""
    return Git(environ=context.environ, tree=require_worktree(run))
