"""The branch a run starts from, and the checkout that stands on it, which is never touched."""

import shlex

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.repo import Repo
from agency.sessions.context import Context
from agency.sessions.place import scratch_of
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.snapshot import write_tree
from agency.tools.git.status import TreeStatus, tree_status
from agency.tools.git.worktree import list_checkouts, resolve


@frozen
class Parent:
    """A local branch, the commit it points to, and the checkout that stands on it (None without one)."""

    branch: str
    commit: str
    checkout: str | None


def find_parent(context: Context, repo: Repo, wanted: str | None, *, allow_dirty: bool) -> Parent:
    """The parent of a new run: ``wanted``, else the branch the caller stands on.

    Raises E_EMPTY_REPO, E_PARENT_BRANCH_NOT_FOUND, and E_PARENT_DIRTY unless ``allow_dirty``.
    """
    here = tree_status(Git(environ=context.environ, tree=repo.checkout)) if repo.checkout is not None else None
    branch = wanted or (here.branch if here is not None else _head_branch(context, repo))
    if branch is None:
        raise AgencyError(
            "E_PARENT_BRANCH_NOT_FOUND",
            "HEAD is detached, so there is no branch to start from",
            hint="agency run --parent BRANCH",
            repo=repo.root,
        )
    if here is not None and branch == here.branch:
        if here.commit is None:
            raise _empty(repo)
        _refuse_dirty(repo.checkout or "", here, allow_dirty)
        return Parent(branch=branch, commit=here.commit, checkout=repo.checkout)
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    commit = resolve(git, f"refs/heads/{branch}")
    if commit is None:
        if not git.say("for-each-ref", "--count=1", "refs/heads"):
            raise _empty(repo)
        raise AgencyError(
            "E_PARENT_BRANCH_NOT_FOUND",
            f"there is no local branch {branch}",
            hint=f"git branch {shlex.quote(branch)} START, or choose another with --parent",
            repo=repo.root,
            parent=branch,
        )
    checkout = next(
        (found.path for found in list_checkouts(git) if found.branch == branch and discover(found.path)), None
    )
    if checkout is not None:
        _refuse_dirty(checkout, tree_status(Git(environ=context.environ, tree=checkout)), allow_dirty)
    return Parent(branch=branch, commit=commit, checkout=checkout)


def take_changes(context: Context, repo: Repo, parent: Parent) -> str | None:
    """The tree object of the parent's checkout with its uncommitted and untracked files; None without a checkout."""
    place = discover(parent.checkout) if parent.checkout is not None else None
    if place is None:
        return None
    return write_tree(
        Git(environ=context.environ, tree=place.tree), place.git_dir, scratch=scratch_of(context, repo.repo_id)
    )


def _refuse_dirty(checkout: str, status: TreeStatus, allow_dirty: bool) -> None:
    if status.uncommitted and not allow_dirty:
        paths = [*status.changed, *status.untracked]
        raise AgencyError(
            "E_PARENT_DIRTY",
            f"{checkout} has {status.uncommitted} uncommitted change{'s' if status.uncommitted != 1 else ''}",
            hint="commit them, or take a copy along with --take-changes, or leave them behind with --allow-dirty",
            paths=paths[:10],
        )


def _head_branch(context: Context, repo: Repo) -> str | None:
    done = Git(environ=context.environ, git_dir=repo.git_dir).ask("symbolic-ref", "--quiet", "--short", "HEAD")
    return done.text if done.code == 0 else None


def _empty(repo: Repo) -> AgencyError:
    return AgencyError(
        "E_EMPTY_REPO",
        "the repository has no commit yet",
        hint='git commit --allow-empty -m "first commit"',
        repo=repo.root,
    )
