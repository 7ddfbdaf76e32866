"""What every way to finish a run has in common: what must hold before, and the archive afterwards."""

import os
from collections.abc import Callable

from agency.domain.errors import AgencyError
from agency.domain.events import LAND_FINISHED, LAND_STARTED, MERGE_STARTED
from agency.domain.frozen import frozen
from agency.domain.repo import Repo
from agency.domain.run import BrokenRun, Run
from agency.sessions.archive import Archived, Archiving, archive_run
from agency.sessions.context import Context
from agency.sessions.worktree import git_in
from agency.store.eventlog import now
from agency.store.runs import load_run, log_of, update_meta
from agency.tools.git.status import tree_status
from agency.tools.git.worktree import resolve

_MERGES = (MERGE_STARTED.name, LAND_STARTED.name)
"""Events that tell which commit is merged."""


@frozen
class Work:
    """The committed work of a run: ``tip`` is the commit of its branch."""

    tip: str


def require_committed(context: Context, run: Run, *, dirty_ok: bool = False) -> Work:
    """The work of a run, all of which is committed on its own branch.

    Raises E_WORKTREE_MISSING, E_NOT_ON_BRANCH, E_DIRTY_WORKTREE (unless ``dirty_ok``), E_GIT_FAILED.
    """
    git = git_in(context, run)
    status = tree_status(git)
    tip = resolve(git, f"refs/heads/{run.branch}")
    if status.branch != run.branch or tip is None:
        raise AgencyError(
            "E_NOT_ON_BRANCH",
            f"the worktree of {run.name} stands on {status.branch or 'no branch'} and not on {run.branch}",
            hint=f"agency shell {run.name}, and there: git switch {run.branch} (or git rebase --continue)",
            run_id=run.run_id,
            worktree=run.worktree,
        )
    if status.uncommitted and not dirty_ok:
        raise AgencyError(
            "E_DIRTY_WORKTREE",
            f"{run.name} holds {status.uncommitted} uncommitted file{'' if status.uncommitted == 1 else 's'}",
            hint=f'agency send {run.name} "commit your work", or commit it yourself: agency shell {run.name}',
            run_id=run.run_id,
            uncommitted=[*status.changed, *status.untracked][:20],
        )
    return Work(tip=tip)


def require_present(context: Context, run: Run) -> Run:
    """The run as its record tells it now. Hold the repo lock. Raises E_RUN_BUSY when another command archived it meanwhile."""
    fresh = load_run(context.paths, run.repo_id, run.run_id)
    if isinstance(fresh, Run):
        return fresh
    raise AgencyError(
        "E_RUN_BUSY",
        f"{run.name} was archived by another command in the meantime",
        hint=f"agency show {run.run_id}",
        run_id=run.run_id,
    )


def require_same(context: Context, run: Run, work: Work) -> None:
    """Raise E_DIRTY_WORKTREE when the run has gone on working since ``work`` was looked at, and as :func:`require_committed`."""
    if require_committed(context, run) != work:
        raise AgencyError(
            "E_DIRTY_WORKTREE",
            f"{run.name} has made new commits in the meantime",
            hint="type the command again when it is done",
            run_id=run.run_id,
        )


def note_merged(context: Context, run: Run, **more: object) -> Run:
    """Write down that the work of a run reached another branch; the run as it then is. Hold the repo lock."""
    update_meta(run, {"archive": {"merged_at": run.merged_at or now()}, **more})
    merged = load_run(context.paths, run.repo_id, run.run_id)
    if isinstance(merged, BrokenRun):
        raise AgencyError("E_RUN_BROKEN", f"the record of {run.run_id} cannot be read: {merged.reason}")
    return merged


def note_landed(context: Context, run: Run, *, target: str, commit: str, strategy: str) -> Run:
    """Write down that the target holds the work. Hold the repo lock."""
    landed = note_merged(context, run, landed={"target": target, "commit": commit, "strategy": strategy})
    log_of(landed).append(LAND_FINISHED({"target": target, "strategy": strategy, "commit": commit}), durable=True)
    return landed


def archive_merged(
    context: Context, run: Run, repo: Repo, *, delete_branch: bool, show: Callable[[bytes], None]
) -> Archived:
    """Archive a run whose work was merged. Nobody is asked again.

    Raises E_DIRTY_WORKTREE when it got work since that was not merged, E_NOT_ON_BRANCH.
    """
    merged = [event["data"].get("commit") for event in log_of(run).read() if event["event"] in _MERGES]

    def recheck() -> None:
        if not os.path.isdir(run.worktree) or require_committed(context, run).tip in merged:
            return  # put away by an archiving that was killed, or as it was merged
        raise AgencyError(
            "E_DIRTY_WORKTREE",
            f"{run.name} got new commits since it was merged",
            hint=f"agency fork {run.name} NEW-NAME goes on with them; agency clean {run.name} --discard puts them in the trash",
            run_id=run.run_id,
        )

    how = Archiving(discard=True, delete_branch=delete_branch, force=False, script=True, recheck=recheck)
    return archive_run(context, run, repo, how, show)
