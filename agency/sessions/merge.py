"""``agency merge``: merge the pull request of a run on GitHub, then archive the run.

No lock is held while a person answers, a script runs or GitHub is asked: what was seen is looked at again before the deed. Typed
again after a kill it finishes what was begun: GitHub tells whether the merge took place.
"""

from collections.abc import Callable

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.eventdata import MergeFinished
from agency.domain.events import MERGE_CONFIRMED, MERGE_FINISHED, MERGE_PRECHECKS_PASSED, MERGE_STARTED
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.pullrequest import Strategy
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.archive import finish_archived
from agency.sessions.consent import allows_scripts
from agency.sessions.context import Context
from agency.sessions.finished import archive_merged, note_merged, require_committed, require_present
from agency.sessions.mergecheck import Mergeable, require_mergeable
from agency.sessions.merging import delete_on_origin, merge_on_github
from agency.sessions.place import config_root, require_repo_of
from agency.sessions.settle import settle_land
from agency.sessions.verify import verify_run, verify_script
from agency.sessions.whole import require_idle, require_whole
from agency.sessions.worktree import require_worktree
from agency.store.runs import log_of
from agency.tools.identity import this_process
from agency.tools.signals import shielded


@frozen
class MergeRequest:
    """What the user asked for. ``confirm`` shows a question and says whether the word was typed; None: nobody is there."""

    strategy: Strategy
    delete_branch: bool
    yes: bool
    confirm: Callable[[str], bool] | None


@frozen
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
    pull = merge_on_github(context, run, checked, request.strategy)
    if request.delete_branch:
        delete_on_origin(context, run, repo, checked.commit)
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


def _archive(context: Context, run: Run, request: MergeRequest, show: Callable[[bytes], None]) -> Merged:
    """Archive a run whose work was merged, unless it got other work since."""
    with context.lock(run.repo_id):
        journal = fold(log_of(run).read())
        require_idle(run, journal)
        if journal.operation is not None and journal.operation.kind == "merge":
            # killed after the record said it and before the event did
            done = MERGE_FINISHED({"pr_number": run.pr_number or 0, "pr_url": run.pr_url or ""})
            log_of(run).append(done, durable=True)
    repo = require_repo_of(context, run)
    archived = archive_merged(context, run, repo, delete_branch=request.delete_branch, show=show)
    return Merged(run=archived.run, already=False, branch="deleted" if archived.branch_deleted else "kept")
