"""The deed of a merge: GitHub merges the pull request, once, and the branch on origin goes."""

import time

from agency.domain.errors import AgencyError
from agency.domain.events import (
    GH_MERGE_FINISHED,
    GH_MERGE_STARTED,
    MERGE_ALREADY_MERGED,
    MERGE_FAILED,
    REMOTE_BRANCH_DELETED,
)
from agency.domain.pullrequest import PullRequest, Strategy
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.mergecheck import Mergeable, conflicting, require_same_work
from agency.sessions.origin import ORIGIN, git_of
from agency.store.failures import told_plainly
from agency.store.records import make_directory
from agency.store.runs import log_of
from agency.tools.gh import may_pass
from agency.tools.git.remote import delete_remote_branch
from agency.tools.signals import shielded

_LOOKS = (0.0, 0.75, 1.5, 3.0)
"""Seconds before each look at whether the merge took place."""


def merge_on_github(context: Context, run: Run, checked: Mergeable, strategy: Strategy) -> PullRequest:
    """Have GitHub merge the pull request, unless it did already, and see that it is merged.

    Where it cannot be told whether it is, the operation stays open, for the same command to finish. Raises E_GH_PR_MERGE_FAILED,
    E_PR_NOT_MERGEABLE, E_GH_PR_VIEW_FAILED, and what :func:`require_same_work` raises.
    """
    gh, number = checked.gh, checked.pull.number
    asked = False
    try:
        with context.busy("merging on GitHub"):
            pull = gh.view(number) or checked.pull
            require_same_work(run, pull, checked.commit)
            if pull.state == "MERGED":
                log_of(run).append(MERGE_ALREADY_MERGED({"pr_number": number, "pr_url": pull.url}), durable=True)
                return pull
            log_of(run).append(
                GH_MERGE_STARTED({"pr_number": number, "pr_url": pull.url, "strategy": strategy}), durable=True
            )
            asked = True
            failure = _ask(run, checked, strategy)
            pull = _seen(checked, failure)
    except BaseException as error:
        if not asked:
            _failed(run, error, "pr_state")
        elif isinstance(error, AgencyError):
            raise AgencyError(
                error.code,
                f"whether pull request {number} was merged is not known: {error.message}",
                hint=f"agency merge {run.name} finishes it",
                run_id=run.run_id,
                pr=checked.pull.url,
            ) from None
        raise
    log_of(run).append(GH_MERGE_FINISHED({"pr_number": number, "ok": pull.state == "MERGED"}), durable=True)
    if pull.state == "MERGED":
        return pull
    if pull.mergeable == "CONFLICTING":
        failure = conflicting(run, pull)
    elif failure is None:
        failure = AgencyError(
            "E_GH_PR_MERGE_FAILED",
            f"GitHub took the order and has not merged pull request {number} yet; it may stand in a queue",
            hint=f"agency merge {run.name}, once it is merged",
            run_id=run.run_id,
            pr=pull.url,
        )
    _failed(run, failure, "gh_merge")
    raise failure


def _ask(run: Run, checked: Mergeable, strategy: Strategy) -> AgencyError | None:
    """Order the merge. What gh says goes to ``logs/merge.log``; its failure is returned: the state tells what became of it."""
    failure: AgencyError | None = None
    try:
        said = checked.gh.merge(checked.pull.number, strategy, checked.commit)
    except AgencyError as error:
        failure, said = error, f"{error.message}\n"
    make_directory(f"{run.directory}/logs")
    path = f"{run.directory}/logs/merge.log"
    with told_plainly("writing a log", path), open(path, "wb") as log:
        log.write(said.encode("utf-8", "replace"))
    return failure


def _seen(checked: Mergeable, failure: AgencyError | None) -> PullRequest:
    """The pull request, as soon as it is merged or will not be. Looked at once only where the order was refused."""
    pull = checked.pull
    for pause in _LOOKS if failure is None or may_pass(failure) else _LOOKS[:1]:
        time.sleep(pause)
        pull = checked.gh.view(pull.number) or pull
        if pull.state == "MERGED":
            break
    return pull


def _failed(run: Run, error: BaseException, step: str) -> None:
    with shielded():
        code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
        log_of(run).append(MERGE_FAILED({"error_code": code, "step": step}), durable=True)


def delete_on_origin(context: Context, run: Run, repo: Repo, commit: str) -> None:
    """Delete the branch on origin, where it still is as it was merged. A failure is only told: the merge took place."""
    try:
        with context.busy(f"deleting {run.branch} on origin"):
            deleted = delete_remote_branch(git_of(context, repo), ORIGIN, run.branch, commit)
    except AgencyError as error:
        context.tell(f"{run.branch} stays on origin: {error.message}")
        return
    if deleted:
        log_of(run).append(REMOTE_BRANCH_DELETED({"branch": run.branch, "commit": commit}))
