"""``agency clean``: end a run and put everything it held away, so that a restore can bring all of it back.

Nothing is destroyed: the files are moved into the trash of the repo, and kept as a commit under ``refs/agency/trash``.
"""

import os
from collections.abc import Callable

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.reset import SWAPPED
from agency.domain.run import Run
from agency.sessions.archive import Archiving, archive_run, finish_archived
from agency.sessions.atrisk import AtRisk, look_at_risk
from agency.sessions.consent import allows_script
from agency.sessions.context import Context
from agency.sessions.hardreset import finish_reset, settle_reset
from agency.sessions.place import config_root, repo_of, require_repo_of
from agency.sessions.restore import restore_run
from agency.sessions.settle import settle_land
from agency.sessions.whole import require_idle
from agency.sessions.worktree import connect, is_connected
from agency.store.runs import log_of
from agency.tools.git.command import Git


@frozen
class CleanRequest:
    """What the user asked for. ``confirm`` shows a question and says whether the word was typed; None: nobody is there."""

    yes: bool
    discard: bool
    delete_branch: bool
    force: bool
    confirm: Callable[[str], bool] | None


@frozen
class Cleaned:
    """What was done. ``already``: the run was archived before. ``branch``: what became of its branch."""

    run: Run
    already: bool
    at_risk: AtRisk
    branch: str


def clean_run(context: Context, run: Run, request: CleanRequest, show: Callable[[bytes], None]) -> Cleaned | None:
    """Archive a run; None when a person was asked and declined.

    A run whose restore was interrupted is restored first. No lock is held while a person answers or the archive script runs.
    Raises E_CONFIRMATION_REQUIRED, E_DIRTY_WORKTREE when work would be put away without ``discard``, E_SCRIPT_FAILED when the
    archive script fails without ``force``, E_CONSENT_REQUIRED when it is not allowed, E_RUN_BUSY,
    E_NO_REPO when the repository is gone and ``force`` was not given.
    """
    if run.archived:
        half_done = fold(log_of(run).read()).operation
        if half_done is None or half_done.kind != "restore":
            finish_archived(context, run)
            return Cleaned(run=run, already=True, at_risk=AtRisk(), branch="kept")
        run = restore_run(context, run).run
    journal = fold(log_of(run).read())
    require_idle(run, journal)
    repo = repo_of(context, run) if request.force else require_repo_of(context, run)
    if repo is not None and journal.operation is not None and journal.operation.kind == "land":
        run = settle_land(context, run, repo)
    reset = settle_reset(context, run, repo) if repo is not None else None
    if repo is not None and reset is not None and reset.phase == SWAPPED:
        finish_reset(context, run, repo, reset, None)
    compared = repo if journal.tree_made else None  # nobody can have worked in a tree that was never filled
    _connect(context, run, compared, request)
    at_risk = _look(context, run, compared)
    if not _consent(run, at_risk, request) or (archive := _allowed_archive(context, run, request)) is None:
        return None

    def recheck() -> None:
        if not request.discard and (now_at_risk := _look(context, run, compared)) != at_risk:
            raise _dirty(run, now_at_risk, "has changed in the meantime")

    how = Archiving(
        discard=request.discard,
        delete_branch=request.delete_branch,
        force=request.force,
        script=archive,
        recheck=recheck,
    )
    archived = archive_run(context, run, repo, how, show)
    branch = "deleted" if archived.branch_deleted else "kept"
    return Cleaned(run=archived.run, already=False, at_risk=at_risk, branch=branch)


def _connect(context: Context, run: Run, repo: Repo | None, request: CleanRequest) -> None:
    """See that git works in the worktree, where there is one. Raises E_GIT_FAILED when it cannot be made to."""
    if repo is None or not os.path.isdir(run.worktree) or is_connected(run, repo):
        return
    with context.lock(run.repo_id) as lock:
        if connect(run, repo, Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)):
            return
    if not request.force:
        raise AgencyError(
            "E_GIT_FAILED",
            f"git no longer knows the worktree of {run.name}, so its work cannot be compared",
            hint=f"agency restore {run.name} rebuilds it; agency clean {run.name} --force puts it in the trash as it is",
            run_id=run.run_id,
            worktree=run.worktree,
        )


def _look(context: Context, run: Run, repo: Repo | None) -> AtRisk:
    if repo is None:
        return AtRisk()
    return look_at_risk(context, run, repo)


def _consent(run: Run, at_risk: AtRisk, request: CleanRequest) -> bool:
    if request.yes:
        if at_risk.anything and not request.discard:
            raise _dirty(run, at_risk, "holds work of its own")
        return True
    if request.confirm is None:
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"cleaning {run.name} ends its session and puts its worktree away",
            hint=f"agency clean {run.name} --yes{' --discard' if at_risk.anything else ''}",
            run_id=run.run_id,
            holds=str(at_risk),
        )
    return request.confirm(f"{run.name} holds {at_risk}. its session is ended and its worktree put away.")


def _dirty(run: Run, at_risk: AtRisk, how: str) -> AgencyError:
    return AgencyError(
        "E_DIRTY_WORKTREE",
        f"{run.name} {how}: {at_risk}",
        hint=f"agency diff {run.name} --stat shows it; agency clean {run.name} --yes --discard puts it in the trash",
        run_id=run.run_id,
        uncommitted=at_risk.uncommitted,
        unmerged=at_risk.unmerged,
        unpushed=at_risk.unpushed,
    )


def _allowed_archive(context: Context, run: Run, request: CleanRequest) -> bool | None:
    """Whether the archive script, where there is one, is to be run; None: a person did not allow it. With ``force`` one that is
    not allowed is passed over."""
    try:
        script = load_settings(config_root(context, run), context.paths.config).scripts.get("archive")
        if script is None or not os.path.isdir(run.worktree) or allows_script(context, run, "archive", script):
            return True
        if not request.force:
            return None
        context.tell("going on without the archive script, which you did not allow")
    except AgencyError as error:
        if error.code != "E_CONSENT_REQUIRED":
            return True  # told where the script is to be run, as a failure of that
        if not request.force:
            raise
        context.tell(f"going on without the archive script: {error.message}")
    return False
