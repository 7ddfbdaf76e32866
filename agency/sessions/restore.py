"""``agency restore``: undo a clean, finish an interrupted making, or rebuild a worktree that is gone."""

import os

from agency.domain.errors import AgencyError
from agency.domain.events import IN_THE_WAY, RESTORE_FAILED, RESTORE_FINISHED, RESTORE_STARTED
from agency.domain.frozen import frozen
from agency.domain.journal import Journal, fold
from agency.domain.repo import Repo
from agency.domain.reset import SWAPPED
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.find import remember
from agency.sessions.hardreset import finish_reset, settle_reset
from agency.sessions.park import parked_tree, unpark
from agency.sessions.place import require_repo_of
from agency.sessions.remove import clear_way
from agency.sessions.scaffold import scaffold
from agency.sessions.whole import require_idle
from agency.sessions.worktree import connect, is_connected
from agency.store.runs import list_runs, log_of, move_from_archive, update_meta
from agency.tools.git.command import Git
from agency.tools.git.snapshot import trash_ref
from agency.tools.git.worktree import add_worktree, adopt_tree, fill_tree, resolve
from agency.tools.identity import this_process
from agency.tools.signals import shielded


@frozen
class Restored:
    """What was done: ``unparked`` (everything as it was), ``rebuilt`` (from commits), ``reconnected`` (git works in the worktree
    again), ``finished`` (it was whole, only the record said otherwise), or ``record rebuilt`` (nothing else was missing)."""

    run: Run
    how: str


def restore_run(context: Context, run: Run | BrokenRun) -> Restored:
    """Bring back the worktree, branch and record of a run as they were.

    Raises E_NOT_ARCHIVED when nothing is missing, E_NAME_EXISTS when a present run has the name by now, E_RESTORE_FAILED
    when git no longer has what is needed, E_RUN_BROKEN when the record is broken and its events do not tell it, E_RUN_BUSY,
    E_NO_REPO.
    """
    mended = isinstance(run, BrokenRun)
    if isinstance(run, BrokenRun):
        from agency.sessions.mend import mend_record

        run = mend_record(context, run)
    repo = require_repo_of(context, run)
    require_idle(run, fold(log_of(run).read()))
    if not run.archived and _settle_reset(context, run, repo) and is_connected(run, repo):
        return Restored(run=run, how="finished")
    with shielded(), context.lock(run.repo_id) as lock:
        remember(context, repo)
        journal = fold(log_of(run).read())
        require_idle(run, journal)
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        _require_free_name(context, run)
        half_done = journal.operation is not None and journal.operation.kind in IN_THE_WAY
        if not run.archived and not half_done and is_connected(run, repo):
            if mended:
                return Restored(run=run, how="record rebuilt")
            raise AgencyError(
                "E_NOT_ARCHIVED",
                f"nothing of {run.name} is missing",
                hint=f"agency resume {run.name}",
                run_id=run.run_id,
            )
        log_of(run).append(RESTORE_STARTED({"operator": this_process(context.command)}), durable=True)
        try:
            clear_way(context, run, git)
            _restore_branch(run, git)
            with context.busy("bringing the worktree back"):
                how = _bring_back(context, run, repo, git, journal)
            scaffold(run, None)
            update_meta(run, {"flags": {"abandoned": None}, "archive": {"archived_at": None, "merged_at": None}})
            if run.archived:
                run = move_from_archive(context.paths, run)
            git.ask("update-ref", "-d", trash_ref(run.run_id))
        except AgencyError as error:
            log_of(run).append(RESTORE_FAILED({"error_code": error.code, "step": "restore"}), durable=True)
            raise
        log_of(run).append(RESTORE_FINISHED({}), durable=True)
    return Restored(run=run, how=how)


def _settle_reset(context: Context, run: Run, repo: Repo) -> bool:
    """Finish or undo a hard reset that was interrupted; whether there was one."""
    reset = settle_reset(context, run, repo)
    if reset is not None and reset.phase == SWAPPED:
        finish_reset(context, run, repo, reset, None)
        scaffold(run, None)
        context.tell("its setup script has not run in the new worktree")
    return reset is not None


def _restore_branch(run: Run, git: Git) -> None:
    """Make the branch again where it was deleted, at the commit it pointed to."""
    if resolve(git, f"refs/heads/{run.branch}") is not None:
        return
    deleted = [
        event["data"].get("commit")
        for event in log_of(run).read()
        if event["event"] == "branch_deleted" and event.get("data", {}).get("branch") == run.branch
    ]
    kept = f"{trash_ref(run.run_id)}^1"
    for commit in (*reversed(deleted), kept, run.base_commit):
        found = resolve(git, commit) if commit else None
        if found is not None:
            git.do("update-ref", f"refs/heads/{run.branch}", found)
            return
    raise AgencyError(
        "E_RESTORE_FAILED",
        f"git no longer has any commit of branch {run.branch}",
        hint=f"git fsck --lost-found in {git.git_dir} may still find it",
        run_id=run.run_id,
    )


def _bring_back(context: Context, run: Run, repo: Repo, git: Git, journal: Journal) -> str:
    if unpark(context, run, repo):
        return "unparked"
    if not os.path.isdir(run.worktree) or not journal.tree_made:
        return _rebuild(context, run, git)
    if is_connected(run, repo):
        return "finished"
    if not connect(run, repo, git):
        adopt_tree(git, path=run.worktree, branch=run.branch, commit=run.base_commit)
    return "reconnected"


def _rebuild(context: Context, run: Run, git: Git) -> str:
    """Make the worktree anew from the branch, with the files that were kept when it was cleaned."""
    if os.path.isdir(run.worktree):
        _set_aside(context, run)
    os.makedirs(os.path.dirname(run.worktree), mode=0o700, exist_ok=True)
    add_worktree(git, path=run.worktree, branch=run.branch, commit=run.base_commit)
    inside = Git(environ=context.environ, tree=run.worktree)
    fill_tree(inside)
    kept = resolve(git, trash_ref(run.run_id))
    if kept is not None:
        inside.do("read-tree", "-m", "-u", "HEAD", kept)
        inside.do("reset", "--quiet", "--mixed")
    return "rebuilt"


def _set_aside(context: Context, run: Run) -> None:
    """A half-made tree gives way to a whole one, without being destroyed."""
    target = parked_tree(context, run)
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    number = 1
    while os.path.lexists(f"{target}.{number}"):
        number += 1
    os.rename(run.worktree, f"{target}.{number}")


def _require_free_name(context: Context, run: Run) -> None:
    if not run.archived:
        return
    for other in list_runs(context.paths, run.repo_id):
        if isinstance(other, Run) and other.name == run.name:
            raise AgencyError(
                "E_NAME_EXISTS",
                f"a present run is called {run.name} by now",
                hint=f"agency rename {other.run_id} NEW-NAME, then type the command again",
                run_id=other.run_id,
            )
