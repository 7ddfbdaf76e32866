"""Putting one plan away: its sessions, worktrees, branches, refs and records, and nothing else.

Nothing is destroyed: its runs are archived, its refs and its record moved into the trash. Each step can be repeated, and
``clean.json`` tells before the first one what is about to be done, so that a second clean finishes one that was killed.
"""

import os
from collections.abc import Callable

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.events import BRANCH_DELETED
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId
from agency.domain.planevents import RUN_CLEAN_COMPLETE, RUN_CLEAN_START
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.plans.active import load_active
from agency.plans.dispatch import runs_made_for
from agency.plans.integration import discard_integration_of
from agency.plans.judgetree import discard_judging_of
from agency.plans.putaway import note_merged
from agency.plans.start import driven
from agency.sessions.clean import CleanRequest, clean_run
from agency.sessions.context import Context
from agency.sessions.live import tmux_of
from agency.sessions.remove import remove_branch
from agency.sessions.stop import kill_run
from agency.store.eventlog import now
from agency.store.plans import conductor_lock, conductor_of, log_of_plan, plan_directory, read_plan, read_plan_state
from agency.store.plantrash import move_to_trash, read_cleaning, write_cleaning
from agency.store.runs import log_of
from agency.tools.git.command import Git
from agency.tools.git.leftovers import clear_leftovers
from agency.tools.git.planrefs import move_plan_refs, plan_refs
from agency.tools.git.worktree import resolve
from agency.tools.identity import this_process
from agency.tools.signals import outlive_the_terminal, shielded
from agency.tools.tmux.command import Tmux
from agency.tools.tmux.look import session_panes
from agency.tools.tmux.sessions import kill_session


@frozen
class Holdings:
    """What a plan holds. ``runs`` are its present runs; ``branches`` those of archived ones that are still there; ``session`` is
    that of its conductor; ``worktrees`` are those in which tasks are combined and judged; ``refs`` are those of its tasks;
    ``records`` where its record stands. None where there is no such thing."""

    plan_id: PlanId
    name: str
    records: str
    runs: tuple[Run, ...]
    branches: tuple[str, ...]
    session: str | None
    worktrees: tuple[str, ...]
    refs: tuple[str, ...]


@frozen
class CleanedPlan:
    """What was done: the runs that were archived, how many refs went, and where the record stands."""

    plan_id: PlanId
    runs: tuple[str, ...]
    refs: int
    records: str


def look_at_plan(context: Context, repo: Repo, plan_id: PlanId) -> Holdings:
    """What there is of a plan, whose record need not be readable. Writes nothing. Raises E_PLAN_BUSY while it is driven."""
    directory = plan_directory(context.paths, repo.repo_id, plan_id)
    name = _name(directory)
    pid = conductor_of(directory)
    if pid is not None:
        raise driven(name, plan_id, pid)
    return _look(context, repo, plan_id, directory, name)


def clean_plan(
    context: Context, repo: Repo, plan_id: PlanId, *, keep_logs: bool, show: Callable[[bytes], None]
) -> CleanedPlan:
    """Put the plan away; with ``keep_logs`` its record stays where it is, to be read.

    Raises E_PLAN_BUSY while a conductor drives it, and what archiving a run may raise; a second call then goes on.
    """
    directory = plan_directory(context.paths, repo.repo_id, plan_id)
    name = _name(directory)
    with conductor_lock(directory, context.command) as fd:
        if fd is None:
            raise driven(name, plan_id, conductor_of(directory))
        log = log_of_plan(directory, repo.repo_id, plan_id)
        begun = read_cleaning(directory) or {}
        held = _look(context, repo, plan_id, directory, name)
        runs = list(dict.fromkeys([*(begun.get("runs") or []), *(run.run_id for run in held.runs)]))
        record = {
            "schema_version": "1.0",
            "plan_id": plan_id,
            "begun_at": begun.get("begun_at") or now(),
            "keep_logs": keep_logs,
            "runs": runs,
        }
        write_cleaning(directory, record)
        log.append(
            RUN_CLEAN_START({"runs": runs, "keep_logs": keep_logs, "operator": this_process(context.command)}),
            durable=True,
        )
        if held.session is not None:
            _end_session(context, repo, held.session)
        for run in held.runs:
            _archive(context, repo, plan_id, run, show)
        _remove_branches(context, repo, plan_id)
        discard_integration_of(context, repo, plan_id)
        discard_judging_of(context, repo, plan_id)
        refs = _trash_refs(context, repo, plan_id)
        log.append(RUN_CLEAN_COMPLETE({"runs": len(held.runs), "refs": refs}), durable=True)
        write_cleaning(directory, {**record, "finished_at": now()})
        if not keep_logs:
            with context.lock(repo.repo_id):
                directory = move_to_trash(context.paths, repo.repo_id, plan_id)
    return CleanedPlan(plan_id=plan_id, runs=tuple(runs), refs=refs, records=directory)


def _look(context: Context, repo: Repo, plan_id: PlanId, directory: str, name: str) -> Holdings:
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    session, paths = f"agency_{plan_id}", context.paths
    places = (paths.integration(repo.repo_id, plan_id), paths.judging(repo.repo_id, plan_id))
    archived = runs_made_for(context, repo.repo_id, plan_id, archived=True)
    return Holdings(
        plan_id=plan_id,
        name=name,
        records=directory,
        runs=tuple(sorted(runs_made_for(context, repo.repo_id, plan_id), key=lambda run: run.run_id)),
        branches=tuple(run.branch for run in archived if resolve(git, f"refs/heads/{run.branch}") is not None),
        session=session if session_panes(_tmux(context, repo), session) else None,
        worktrees=tuple(place for place in places if os.path.lexists(place)),
        refs=tuple(plan_refs(git, plan_id)),
    )


def _archive(context: Context, repo: Repo, plan_id: PlanId, run: Run, show: Callable[[bytes], None]) -> None:
    kill_run(context, run)
    try:
        plan = load_active(context, repo.repo_id, plan_id)
        run = note_merged(context, plan, run, read_plan_state(plan.directory))
    except AgencyError as error:
        if error.code not in ("E_PLAN_NOT_FOUND", "E_STORE_FAILED"):
            raise  # whether it was merged is not known where the record cannot be read
    clean_run(context, run, CleanRequest(yes=True, discard=True, delete_branch=True, force=True, confirm=None), show)


def _remove_branches(context: Context, repo: Repo, plan_id: PlanId) -> None:
    """Remove the branches of runs that were archived before without theirs; a restore brings them back."""
    with context.lock(repo.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        for run in runs_made_for(context, repo.repo_id, plan_id, archived=True):
            try:
                tip = remove_branch(git, run)
            except AgencyError as error:
                if error.code != "E_UNSAFE_DELETE":
                    raise
                context.tell(error.message)
                continue
            if tip is not None:
                log_of(run).append(BRANCH_DELETED({"branch": run.branch, "commit": tip}), durable=True)


def _trash_refs(context: Context, repo: Repo, plan_id: PlanId) -> int:
    with context.lock(repo.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        clear_leftovers(
            repo.git_dir, refs=tuple(plan_refs(git, plan_id)), worktrees=context.paths.worktrees(repo.repo_id)
        )
        move_plan_refs(git, plan_id, to_trash=True)
        return len(plan_refs(git, plan_id, trashed=True))


def _end_session(context: Context, repo: Repo, session: str) -> None:
    tmux = _tmux(context, repo)
    with shielded():
        if panes := session_panes(tmux, session):
            kill_session(tmux, panes[0].session_id)
        outlive_the_terminal()


def _tmux(context: Context, repo: Repo) -> Tmux:
    try:
        return tmux_of(context, None, load_settings(repo.checkout or repo.root, context.paths.config).tmux_socket)
    except AgencyError as error:
        if error.code != "E_INVALID_CONFIG":
            raise
        return tmux_of(context, None)


def _name(directory: str) -> str:
    try:
        return str(read_plan(directory).get("name"))
    except AgencyError:
        return "of which the record cannot be read"
