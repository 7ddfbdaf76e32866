"""What must hold before the pull request of a run is merged. Nothing is changed here."""

import time

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.pullrequest import PullRequest
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.finished import require_committed
from agency.sessions.origin import require_github, require_origin
from agency.sessions.pullrequest import find_pull
from agency.tools.gh import Gh

_LOOKS = (0.0, 1.0, 2.0, 2.0)
"""Seconds before each look: GitHub needs a moment to see what was pushed and to compute whether it can be merged."""


@frozen
class Mergeable:
    """A pull request that may be merged at ``commit``, the tip of the run's branch, or that ``is_merged`` there already."""

    gh: Gh
    pull: PullRequest
    commit: str

    @property
    def is_merged(self) -> bool:
        """Whether GitHub merged it already."""
        return self.pull.state == "MERGED"


def require_mergeable(context: Context, run: Run, repo: Repo) -> Mergeable:
    """Look at the run and its pull request, and insist that nothing stands against the merge.

    Raises E_WORKTREE_MISSING, E_NOT_ON_BRANCH, E_DIRTY_WORKTREE, E_NO_ORIGIN, E_UNSUPPORTED_ORIGIN, E_GH_NOT_INSTALLED,
    E_GH_NOT_AUTHENTICATED, E_NO_PR, E_PR_NOT_OPEN, E_PR_DRAFT, E_PR_MISMATCH, E_REMOTE_OUT_OF_DATE, E_PR_NOT_MERGEABLE,
    E_PR_MERGEABILITY_UNKNOWN, E_GH_FAILED, E_GH_PR_VIEW_FAILED.
    """
    commit = require_committed(context, run).tip
    gh = require_github(context, run, require_origin(context, run, repo))
    with context.busy("looking at the pull request"):
        found = find_pull(gh, run)
        if found is None:
            raise AgencyError(
                "E_NO_PR", f"{run.name} has no pull request", hint=f"agency push {run.name}", run_id=run.run_id
            )
        return Mergeable(gh=gh, pull=_once_known(run, gh, found, commit), commit=commit)


def require_same_work(run: Run, pull: PullRequest, commit: str) -> None:
    """Insist that the pull request goes into the parent branch of the run, is open and shows ``commit``, or was merged so.

    Raises E_PR_MISMATCH, E_PR_NOT_OPEN, E_PR_DRAFT, E_REMOTE_OUT_OF_DATE.
    """
    if pull.state == "MERGED" and pull.head_commit == commit:
        return
    if pull.state == "MERGED":
        raise _refused(
            run, pull, "E_PR_NOT_OPEN", "is merged, without commits that the run got since",
            f"agency fork {run.name} NEW-NAME goes on with them; agency clean {run.name} --discard puts them in the trash",
        )  # fmt: skip
    if pull.base_branch != run.parent_branch:
        raise _refused(
            run, pull, "E_PR_MISMATCH", f"goes into {pull.base_branch}, not into {run.parent_branch}",
            f"gh pr edit {pull.url} --base {run.parent_branch}",
        )  # fmt: skip
    if pull.state != "OPEN":
        raise _refused(run, pull, "E_PR_NOT_OPEN", "was closed", f"gh pr reopen {pull.url}")
    if pull.is_draft:
        raise _refused(run, pull, "E_PR_DRAFT", "is a draft", f"gh pr ready {pull.url}")
    if pull.head_commit != commit:
        raise _refused(
            run, pull, "E_REMOTE_OUT_OF_DATE", f"is at {pull.head_commit[:12]}, the run at {commit[:12]}",
            f"agency push {run.name}",
        )  # fmt: skip


def conflicting(run: Run, pull: PullRequest) -> AgencyError:
    """The error for a pull request that conflicts with its base branch."""
    return _refused(run, pull, "E_PR_NOT_MERGEABLE", f"conflicts with {pull.base_branch}", f"agency resolve {run.name}")


def _once_known(run: Run, gh: Gh, pull: PullRequest, commit: str) -> PullRequest:
    """The pull request as soon as GitHub knows whether it can be merged."""
    for pause in _LOOKS:
        if pause:
            time.sleep(pause)
            pull = gh.view(pull.number) or pull
        lagging = pull.head_commit != commit == run.last_push_commit and pull.state == "OPEN"
        if lagging and pause != _LOOKS[-1]:
            continue
        require_same_work(run, pull, commit)
        if pull.state == "MERGED" or pull.mergeable == "MERGEABLE":
            return pull
        if pull.mergeable == "CONFLICTING":
            raise conflicting(run, pull)
    raise _refused(
        run, pull, "E_PR_MERGEABILITY_UNKNOWN", "may or may not be mergeable: GitHub does not say yet",
        f"agency merge {run.name}, in a minute",
    )  # fmt: skip


def _refused(run: Run, pull: PullRequest, code: str, why: str, hint: str) -> AgencyError:
    message = f"pull request {pull.number} of {run.name} {why}"
    return AgencyError(code, message, hint=hint, run_id=run.run_id, pr=pull.url)
