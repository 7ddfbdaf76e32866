"""Archiving a run: its session is ended, its worktree put aside whole, its record moved to the archive.

Nothing is destroyed: the files are moved into the trash of the repo, and kept as a commit under ``refs/agency/trash``. Who
may archive what, and when, is for :mod:`agency.sessions.clean` and for those that finished the work of the run.
"""

import os
from collections.abc import Callable

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
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.find import remember
from agency.sessions.isolation import end_containers
from agency.sessions.live import live_pane
from agency.sessions.park import keep_work, park, snapshot
from agency.sessions.place import config_root
from agency.sessions.processes import end_processes
from agency.sessions.remove import clear_way, remove_branch
from agency.sessions.scripts import run_recorded_script, script_failed
from agency.sessions.threads import forget_trust
from agency.sessions.usage import keep_usage
from agency.sessions.whole import require_idle
from agency.sessions.worktree import is_connected
from agency.store.eventlog import now
from agency.store.launches import discard_start_files, discard_unfinished_exits
from agency.store.runs import log_of, move_to_archive, update_meta
from agency.tools.git.command import Git
from agency.tools.identity import this_process
from agency.tools.signals import outlive_the_terminal, shielded
from agency.tools.tmux.sessions import kill_session


@frozen
class Archiving:
    """How a run is archived. ``discard``: with work of its own too, which its caller consented to. ``delete_branch``: a branch
    with commits of its own goes too. ``force``: also when its archive script fails. ``script``: the archive script is run at all.
    ``recheck`` is called under the lock, before anything is done, and raises when what was consented to no longer holds."""

    discard: bool
    delete_branch: bool
    force: bool
    script: bool
    recheck: Callable[[], None]


@frozen
class Archived:
    """The run where it stands now, and whether its branch was deleted."""

    run: Run
    branch_deleted: bool


def archive_run(
    context: Context, run: Run, repo: Repo | None, how: Archiving, show: Callable[[bytes], None]
) -> Archived:
    """Archive a present run, whose work was ``merged`` when its record says so and abandoned otherwise.

    ``repo`` is None when the repository is gone. No lock is held while the archive script runs, whose output ``show`` gets.
    Raises E_RUN_BUSY, what ``recheck`` raises, E_SCRIPT_FAILED and the like unless ``force``; the run is then still there.
    """
    with context.lock(run.repo_id):
        journal = fold(log_of(run).read())
        require_idle(run, journal)
        if repo is not None:
            remember(context, repo)
        how.recheck()
        log_of(run).append(
            CLEAN_STARTED(
                {
                    "delete_branch": how.delete_branch,
                    "discard": how.discard,
                    "operator": this_process(context.command),
                }
            ),
            durable=True,
        )
    try:
        if how.script:
            _archive_script(context, run, how, show)
        with context.busy("ending the session and keeping the work"):
            _end_session(context, run)
            worked_in = repo is not None and journal.tree_made and is_connected(run, repo)
            kept = snapshot(context, run, repo) if repo is not None and worked_in else None
    except BaseException as error:
        with shielded():
            code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
            log_of(run).append(CLEAN_FAILED({"error_code": code, "step": "before_parking"}), durable=True)
        raise
    with shielded():
        return _put_away(context, run, repo, how, kept)


def finish_archived(context: Context, run: Run) -> None:
    """Close the archiving of a run that was interrupted after its last step but one."""
    with context.lock(run.repo_id):
        operation = fold(log_of(run).read()).operation
        if operation is not None and operation.kind == "clean":
            log_of(run).append(CLEAN_FINISHED({}), durable=True)


def _put_away(
    context: Context,
    run: Run,
    repo: Repo | None,
    how: Archiving,
    kept: tuple[str, str | None, int] | None,
) -> Archived:
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
        tip = _remove_branch(context, run, git, how) if git is not None else None
        if tip is not None:
            log.append(BRANCH_DELETED({"branch": run.branch, "commit": tip}), durable=True)
        keep_usage(context, run)
        discard_start_files(run.directory)
        discard_unfinished_exits(run.directory)
        forget_trust(context, run)
        abandoned = True if run.merged_at is None else None
        update_meta(run, {"flags": {"abandoned": abandoned}, "archive": {"archived_at": now()}})
        archived = move_to_archive(context.paths, run)
        log_of(archived).append(CLEAN_FINISHED({}), durable=True)
    return Archived(run=archived, branch_deleted=tip is not None)


def _remove_branch(context: Context, run: Run, git: Git, how: Archiving) -> str | None:
    """Remove the branch when that was asked for or it holds no commit of its own. One that must not go stays, and the
    clean goes on."""
    try:
        return remove_branch(git, run, only_at=None if how.delete_branch else run.base_commit)
    except AgencyError as error:
        if error.code != "E_UNSAFE_DELETE":
            raise
        context.tell(error.message)
        return None


def _archive_script(context: Context, run: Run, how: Archiving, show: Callable[[bytes], None]) -> None:
    if not os.path.isdir(run.worktree):
        return
    try:
        script = load_settings(config_root(context, run), context.paths.config).scripts.get("archive")
        if script is None:
            return
        result = run_recorded_script(
            context, run, "archive", script, started=ARCHIVE_STARTED, finished=ARCHIVE_FINISHED, show=show
        )
        if not result.ok:
            raise script_failed(run, "archive", result, hint=f"agency clean {run.name} --force goes on without it")
    except AgencyError as error:
        if not how.force or error.code == "E_INTERRUPTED":
            raise
        context.tell(f"going on although the archive script did not succeed: {error.message}")


def _end_session(context: Context, run: Run) -> None:
    launch, tmux, panes = live_pane(context, run)
    with shielded():
        end_processes(run, launch, panes)
        end_containers(context, run)
        if panes:
            kill_session(tmux, panes[0].session_id)
        outlive_the_terminal()
