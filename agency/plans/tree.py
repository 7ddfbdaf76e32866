"""Worktrees of plans at a commit and on no branch: where finished tasks are combined, where validators and planners look around.
All that they hold is made from commits."""

import os

from agency.domain.repo import Repo
from agency.sessions.context import Context
from agency.sessions.remove import end_and_remove
from agency.tools.git.command import Git
from agency.tools.git.worktree import add_detached, admin_dir_of, remove_entry


def add_tree(context: Context, repo: Repo, place: str, commit: str, *, owner: str) -> None:
    """Make an empty worktree at ``place``, anew where there is one. ``owner`` marks what is started in it. Raises E_GIT_FAILED,
    E_REPO_LOCKED."""
    discard_tree(context, repo, place, owner=owner)
    with context.lock(repo.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        add_detached(git, path=place, commit=commit)


def discard_tree(context: Context, repo: Repo, place: str, *, owner: str) -> None:
    """Remove such a worktree, when there is one, with what runs in it, and its entry in git; also what a kill left of either."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    if not os.path.lexists(place) and admin_dir_of(git, place) is None:
        return
    end_and_remove(context, repo.repo_id, place, owner=owner, keep=(repo.root, repo.git_dir))
    with context.lock(repo.repo_id) as lock:
        remove_entry(Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd), place)
