"""``agency diff``: everything a run changed since its parent."""

from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.worktree import git_in
from agency.tools.git.command import Git
from agency.tools.git.diff import changes_since
from agency.tools.git.worktree import admin_dir_of


def diff_run(context: Context, run: Run, options: tuple[str, ...]) -> bytes:
    """The patch, committed or not, untracked files too; ``options`` are passed to ``git diff``.

    The index of the worktree is left alone. Raises E_WORKTREE_MISSING, E_GIT_FAILED.
    """
    return changes_since(
        git_in(context, run),
        admin_dir=admin_dir_of(Git(environ=context.environ, git_dir=run.git_dir), run.worktree),
        parent_branch=run.parent_branch,
        base=run.base_commit,
        options=options,
    )
