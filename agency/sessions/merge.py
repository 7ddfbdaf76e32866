"""``agency merge``: merge the pull request of a run on GitHub, then archive the run.

No lock is held while a person answers, a script runs or GitHub is asked: what was seen is looked at again before the deed. Typed
again after a kill it finishes what was begun: GitHub tells whether the merge took place.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.events import (
    GH_MERGE_FINISHED,
    GH_MERGE_STARTED,
    MERGE_ALREADY_MERGED,
    MERGE_CONFIRMED,
    MERGE_FAILED,
    MERGE_FINISHED,
    MERGE_PRECHECKS_PASSED,
    MERGE_STARTED,
    REMOTE_BRANCH_DELETED,
    MergeFinished,
)
from agency.domain.journal import fold
from agency.domain.pullrequest import PullRequest, Strategy
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.archive import finish_archived
from agency.sessions.consent import allows_scripts
from agency.sessions.context import Context
from agency.sessions.finished import archive_merged, note_merged, require_committed, require_present
from agency.sessions.mergecheck import Mergeable, require_mergeable, require_same_work
from agency.sessions.origin import ORIGIN, git_of
from agency.sessions.place import config_root, require_repo_of
from agency.sessions.settle import settle_land
from agency.sessions.verify import verify_run, verify_script
from agency.sessions.whole import require_idle, require_whole
from agency.sessions.worktree import require_worktree
from agency.store.failures import told_plainly
from agency.store.records import make_directory
from agency.store.runs import log_of
from agency.tools.gh import may_pass
from agency.tools.git.remote import delete_remote_branch
from agency.tools.identity import this_process
from agency.tools.signals import shielded

_LOOKS = (0.0, 0.75, 1.5, 3.0)
"""Seconds before each look at whether the merge took place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequest:
    """What the user asked for. ``confirm`` shows a question and says whether the word was typed; None: nobody is there."""

    strategy: Strategy
    delete_branch: bool
    yes: bool
    confirm: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What was done. ``already``: the run was merged and archived before. ``branch`` tells what became of its branch here."""

    run: Run
    already: bool
    branch: str


def merge_run(context: Context, run: Run, request: MergeRequest, show: Callable[[bytes], None]) -> Merged | None:
    """Merge the pull request of a run and archive the run; None when a person was asked and declined. ``show`` gets what the
    scripts print.

    Raises E_CONSENT_REQUIRED, E_CONFIRMATION_REQUIRED, E_RUN_BUSY, E_RUN_INCOMPLETE, what :func:`require_mergeable` and
    :func:`verify_run` raise, E_GH_PR_MERGE_FAILED, and E_SCRIPT_FAILED when the archive script fails: the run is then merged and
    still there.
    """
    if run.archived and run.merged_at is not None:
        finish_archived(context, run)
        return Merged(run=run, already=True, branch="")
    journal = fold(log_of(run).read())
    require_idle(run, journal)
    if journal.operation is not None and journal.operation.kind == "land":
        run = settle_land(context, run, require_repo_of(context, run))
    if run.merged_at is None:
        require_worktree(run)
        require_whole(run)
        if not request.yes and request.confirm is None:
            raise AgencyError(
                "E_CONFIRMATION_REQUIRED",
                f"merging {run.name} changes {run.parent_branch} on GitHub and archives the run",
                hint=f"agency merge {run.name} --yes",
                run_id=run.run_id,
            )
        merged = _merge(context, run, require_repo_of(context, run), request, show)
        if merged is None:
            return None
        run = merged
    return _archive(context, run, request, show)


def _merge(context: Context, run: Run, repo: Repo, request: MergeRequest, show: Callable[[bytes], None]) -> Run | None:
    """Merge what is not merged yet, and note it. None when a person declined."""
    checked = require_mergeable(context, run, repo)
    pull = checked.pull
    settings = load_settings(config_root(context, run), context.paths.config)
    if not allows_scripts(context, run, settings, "verify", "archive"):
        return None
    begun = fold(log_of(run).read()).operation
    agreed = request.yes or (checked.is_merged and begun is not None and begun.kind == "merge")
    if not checked.is_merged:
        log_of(run).append(MERGE_PRECHECKS_PASSED({"pr_number": pull.number, "pr_url": pull.url, "branch": run.branch}))
        if not _verify(context, run, show):
            return None
    if not agreed and not _confirmed(run, checked, request):
        return None
    log_of(run).append(MERGE_CONFIRMED({}))
    with context.lock(run.repo_id):
        run = require_present(context, run)
        require_idle(run, fold(log_of(run).read()))
        _require_unchanged(context, run, checked)
        log_of(run).append(
            MERGE_STARTED(
                {
                    "pr_number": pull.number,
                    "pr_url": pull.url,
                    "strategy": request.strategy,
                    "commit": checked.commit,
                    "no_delete_branch": not request.delete_branch,
                    "operator": this_process(context.command),
                }
            ),
            durable=True,
        )
    pull = _deed(context, run, checked, request)
    if request.delete_branch:
        _delete_remote_branch(context, run, repo, checked.commit)
    with shielded():
        done: MergeFinished = {"pr_number": pull.number, "pr_url": pull.url}
        if pull.merge_commit is not None:
            done["merge_commit"] = pull.merge_commit
        with context.lock(run.repo_id):
            run = note_merged(context, run, pr_number=pull.number, pr_url=pull.url)
            log_of(run).append(MERGE_FINISHED(done), durable=True)
            return run


def _verify(context: Context, run: Run, show: Callable[[bytes], None]) -> bool:
    """Whether the work is good as far as the repo can tell; False when a person did not allow the script that tells."""
    if verify_script(context, run) is None:
        context.tell("no verify script is configured, so nothing proves that the work is good")
        return True
    return verify_run(context, run, timeout=None, show=show) is not None


def _confirmed(run: Run, checked: Mergeable, request: MergeRequest) -> bool:
    assert request.confirm is not None
    pull = checked.pull
    what = "is merged already" if checked.is_merged else f"is merged into {pull.base_branch} on GitHub"
    how = "" if checked.is_merged else f" ({request.strategy})"
    return request.confirm(f"{pull.url} {what}{how}, the session of {run.name} ended and the run archived.")


def _require_unchanged(context: Context, run: Run, checked: Mergeable) -> None:
    if require_committed(context, run).tip != checked.commit:
        raise AgencyError(
            "E_REMOTE_OUT_OF_DATE",
            f"{run.name} got new commits in the meantime",
            hint=f"agency push {run.name}",
            run_id=run.run_id,
        )


def _deed(context: Context, run: Run, checked: Mergeable, request: MergeRequest) -> PullRequest:
    """Have GitHub merge the pull request, unless it did already, and see that it is merged.

    Where it cannot be told whether it is, the operation stays open, for the same command to finish.
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
                GH_MERGE_STARTED({"pr_number": number, "pr_url": pull.url, "strategy": request.strategy}), durable=True
            )
            asked = True
            failure = _ask(run, checked, request)
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
    if failure is None:
        failure = AgencyError(
            "E_GH_PR_MERGE_FAILED",
            f"GitHub took the order and has not merged pull request {number} yet; it may stand in a queue",
            hint=f"agency merge {run.name}, once it is merged",
            run_id=run.run_id,
            pr=pull.url,
        )
    _failed(run, failure, "gh_merge")
    raise failure


def _ask(run: Run, checked: Mergeable, request: MergeRequest) -> AgencyError | None:
    """Order the merge. What gh says goes to ``logs/merge.log``; its failure is returned: the state tells what became of it."""
    failure: AgencyError | None = None
    try:
        said = checked.gh.merge(checked.pull.number, request.strategy, checked.commit)
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


def _delete_remote_branch(context: Context, run: Run, repo: Repo, commit: str) -> None:
    """Delete the branch on origin, where it still is as it was merged. A failure is only told: the merge took place."""
    try:
        with context.busy(f"deleting {run.branch} on origin"):
            deleted = delete_remote_branch(git_of(context, repo), ORIGIN, run.branch, commit)
    except AgencyError as error:
        context.tell(f"{run.branch} stays on origin: {error.message}")
        return
    if deleted:
        log_of(run).append(REMOTE_BRANCH_DELETED({"branch": run.branch, "commit": commit}))


def _archive(context: Context, run: Run, request: MergeRequest, show: Callable[[bytes], None]) -> Merged:
    """Archive a run whose work was merged, unless it got other work since."""
    with context.lock(run.repo_id):
        journal = fold(log_of(run).read())
        require_idle(run, journal)
        if (
            journal.operation is not None and journal.operation.kind == "merge"
        ):  # killed when the record said it already
            done = MERGE_FINISHED({"pr_number": run.pr_number or 0, "pr_url": run.pr_url or ""})
            log_of(run).append(done, durable=True)
    repo = require_repo_of(context, run)
    archived = archive_merged(context, run, repo, delete_branch=request.delete_branch, show=show)
    return Merged(run=archived.run, already=False, branch="deleted" if archived.branch_deleted else "kept")
