"""``agency clean``: end a run and put everything it held away, so that a restore can bring all of it back.

Nothing is destroyed: the files are moved into the trash of the repo, and kept as a commit under ``refs/agency/trash``.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.events import (
    ARCHIVE_FINISHED,
    ARCHIVE_STARTED,
    BRANCH_DELETED,
    CLEAN_FAILED,
    CLEAN_FINISHED,
    CLEAN_STARTED,
    WORK_KEPT,
    WORKTREE_PARKED,
)
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.atrisk import AtRisk, look_at_risk
from agency.sessions.consent import allows_script
from agency.sessions.context import Context
from agency.sessions.find import remember
from agency.sessions.live import live_pane
from agency.sessions.park import keep_work, park, snapshot
from agency.sessions.place import config_root, repo_of, require_repo_of
from agency.sessions.processes import end_processes
from agency.sessions.remove import clear_way, remove_branch
from agency.sessions.restore import restore_run
from agency.sessions.scripts import run_script, script_failed
from agency.sessions.threads import forget_trust
from agency.sessions.usage import keep_usage
from agency.sessions.whole import require_idle
from agency.sessions.worktree import connect, is_connected
from agency.store.eventlog import now
from agency.store.launches import discard_start_files
from agency.store.runs import log_of, move_to_archive, update_meta
from agency.tools.git.command import Git
from agency.tools.identity import this_process
from agency.tools.signals import outlive_the_terminal, shielded
from agency.tools.tmux.sessions import kill_session


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRequest:
    """What the user asked for. ``confirm`` shows a question and says whether the word was typed; None: nobody is there."""

    yes: bool
    discard: bool
    delete_branch: bool
    force: bool
    confirm: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True, kw_only=True)
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
            return _finish_archived(context, run)
        run = restore_run(context, run).run
    journal = fold(log_of(run).read())
    require_idle(run, journal)
    repo = repo_of(context, run) if request.force else require_repo_of(context, run)
    compared = repo if journal.tree_made else None  # nobody can have worked in a tree that was never filled
    _connect(context, run, compared, request)
    at_risk = _look(context, run, compared)
    if not _consent(run, at_risk, request) or (archive := _allowed_archive(context, run, request)) is None:
        return None
    with context.lock(run.repo_id):
        require_idle(run, fold(log_of(run).read()))
        if repo is not None:
            remember(context, repo)
        if not request.discard and _look(context, run, compared) != at_risk:
            raise _dirty(run, _look(context, run, compared), "has changed in the meantime")
        log_of(run).append(
            CLEAN_STARTED(
                {
                    "delete_branch": request.delete_branch,
                    "discard": request.discard,
                    "operator": this_process(context.command),
                }
            ),
            durable=True,
        )
    try:
        if archive:
            _archive_script(context, run, request, show)
        with context.busy("ending the session and keeping the work"):
            _end_session(context, run)
            kept = snapshot(context, run, compared) if compared is not None and is_connected(run, compared) else None
    except BaseException as error:
        with shielded():
            code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
            log_of(run).append(CLEAN_FAILED({"error_code": code, "step": "before_parking"}), durable=True)
        raise
    with shielded():
        return _put_away(context, run, repo, request, at_risk, kept)


def _put_away(
    context: Context,
    run: Run,
    repo: Repo | None,
    request: CleanRequest,
    at_risk: AtRisk,
    kept: tuple[str, str | None, int] | None,
) -> Cleaned:
    """The part under the lock. Each step can be repeated, and each is followed by its event."""
    with context.lock(run.repo_id) as lock:
        log = log_of(run)
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd) if repo is not None else None
        if git is not None:
            clear_way(context, run, git)
        if git is not None and kept is not None:
            tree, index, uncommitted = kept
            ref, commit = keep_work(context, run, git, tree, index)
            log.append(WORK_KEPT({"ref": ref, "commit": commit, "uncommitted": uncommitted}), durable=True)
        place = park(context, run, git)
        if place is not None:
            log.append(WORKTREE_PARKED({"path": place}), durable=True)
        tip = _remove_branch(context, run, git, request) if git is not None else None
        if tip is not None:
            log.append(BRANCH_DELETED({"branch": run.branch, "commit": tip}), durable=True)
        keep_usage(context, run)
        discard_start_files(run.directory)
        forget_trust(context, run)
        update_meta(run, {"flags": {"abandoned": True}, "archive": {"archived_at": now()}})
        archived = move_to_archive(context.paths, run)
        log_of(archived).append(CLEAN_FINISHED({}), durable=True)
    return Cleaned(run=archived, already=False, at_risk=at_risk, branch="deleted" if tip is not None else "kept")


def _remove_branch(context: Context, run: Run, git: Git, request: CleanRequest) -> str | None:
    """Remove the branch when that was asked for or it holds no commit of its own. One that must not go stays, and the
    clean goes on."""
    try:
        return remove_branch(git, run, only_at=None if request.delete_branch else run.base_commit)
    except AgencyError as error:
        if error.code != "E_UNSAFE_DELETE":
            raise
        context.tell(error.message)
        return None


def _finish_archived(context: Context, run: Run) -> Cleaned:
    """Close a clean that was interrupted after its last step but one."""
    with context.lock(run.repo_id):
        operation = fold(log_of(run).read()).operation
        if operation is not None and operation.kind == "clean":
            log_of(run).append(CLEAN_FINISHED({}), durable=True)
    return Cleaned(run=run, already=True, at_risk=AtRisk(), branch="kept")


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


def _archive_script(context: Context, run: Run, request: CleanRequest, show: Callable[[bytes], None]) -> None:
    if not os.path.isdir(run.worktree):
        return
    try:
        script = load_settings(config_root(context, run), context.paths.config).scripts.get("archive")
        if script is None:
            return
        result = run_script(
            context, run, "archive", script, started=ARCHIVE_STARTED, finished=ARCHIVE_FINISHED, show=show
        )
        if not result.ok:
            raise script_failed(run, "archive", result, hint=f"agency clean {run.name} --force goes on without it")
    except AgencyError as error:
        if not request.force or error.code == "E_INTERRUPTED":
            raise
        context.tell(f"going on although the archive script did not succeed: {error.message}")


def _end_session(context: Context, run: Run) -> None:
    launch, tmux, panes = live_pane(context, run)
    with shielded():
        end_processes(run, launch, panes)
        if panes:
            kill_session(tmux, panes[0].session_id)
        outlive_the_terminal()
