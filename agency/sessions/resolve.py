"""``agency resolve``: how a run stands to the branch its work is to go to, and what to type next. It only looks; opening the
conflict in the worktree is for :mod:`agency.sessions.reopen`."""

import os
import shlex

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.repo import Repo
from agency.domain.resolution import Card, State
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.live import look
from agency.sessions.place import require_repo_of
from agency.sessions.verify import verify_script
from agency.sessions.worktree import is_connected
from agency.tools.git.combine import conflicts_in
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.rebase import is_rebasing
from agency.tools.git.trial import trial_merge
from agency.tools.git.worktree import resolve


@frozen
class Target:
    """The branch that the work of a run is to go to, by the name that people know it by, and its commit."""

    name: str
    commit: str
    into: str | None


def card_of(context: Context, run: Run, *, into: str | None) -> Card:
    """How the run stands to its target: ``into``, else for a run with a pull request the parent branch of origin as it was last
    fetched, else the parent branch. Writes nothing. Raises E_PARENT_BRANCH_NOT_FOUND, E_NO_REPO, E_GIT_FAILED, E_GIT_TOO_OLD."""
    repo = require_repo_of(context, run)
    return describe_state(context, run, repo, target_of(context, run, repo, into))


def target_of(context: Context, run: Run, repo: Repo, into: str | None) -> Target:
    """The target of a run. Raises E_PARENT_BRANCH_NOT_FOUND."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    if into is not None:
        name, ref, hint = into, f"refs/heads/{into}", "git branch shows those there are"
    elif pull_request(run) is not None:
        name, ref = f"origin/{run.parent_branch}", f"refs/remotes/origin/{run.parent_branch}"
        hint = f"git -C {shlex.quote(repo.root)} fetch origin"
    else:
        name, ref = run.parent_branch, f"refs/heads/{run.parent_branch}"
        hint = f"agency resolve {run.name} --into BRANCH"
    commit = resolve(git, ref)
    if commit is None:
        raise AgencyError("E_PARENT_BRANCH_NOT_FOUND", f"there is no branch {name}", hint=hint, run_id=run.run_id)
    if into == run.branch:
        raise AgencyError(
            "E_USAGE", f"{into} is the branch of {run.name} itself", hint=f"agency resolve {run.name} --into BRANCH"
        )
    return Target(name=name, commit=commit, into=into)


def describe_state(context: Context, run: Run, repo: Repo, target: Target) -> Card:
    """The card of a run and a target that are known to be there."""
    present = os.path.isdir(run.worktree)
    state, paths = _state(context, run, repo, target)
    return Card(
        run_id=run.run_id,
        name=run.name,
        pr=pull_request(run),
        base=target.name,
        branch=run.branch,
        worktree=run.worktree,
        worktree_present=present,
        state=state,
        paths=paths,
        into=target.into,
        alive=look(context, run).alive,
        verifies=_verifies(context, run),
    )


def pull_request(run: Run) -> str | None:
    """The pull request of a run as people know it, None when there is none."""
    return run.pr_url or (f"#{run.pr_number}" if run.pr_number is not None else None)


def is_in_rebase(run: Run, repo: Repo) -> bool:
    """Whether a rebase is under way in the worktree of a run."""
    place = discover(run.worktree) if is_connected(run, repo) else None
    return place is not None and is_rebasing(place.git_dir)


def _state(context: Context, run: Run, repo: Repo, target: Target) -> tuple[State, tuple[str, ...]]:
    if is_in_rebase(run, repo):
        return "rebasing", conflicts_in(Git(environ=context.environ, tree=run.worktree))
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    tip = resolve(git, f"refs/heads/{run.branch}")
    if tip is None:
        return "unknown", ()
    if git.say("rev-list", "--count", f"{target.commit}..{tip}") == "0":
        return "empty", ()
    paths = trial_merge(git, target.commit, tip)
    return ("conflict" if paths else "clear"), paths


def _verifies(context: Context, run: Run) -> bool:
    """Whether a verify script is configured; a config that cannot be read is for ``agency verify`` to tell."""
    try:
        return verify_script(context, run) is not None
    except AgencyError:
        return True
