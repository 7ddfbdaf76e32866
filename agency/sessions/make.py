"""Making a run: a worktree, a branch, the setup script and a session, or nothing at all."""

import os
import time
from collections.abc import Callable

from agency.domain.errors import AgencyError
from agency.domain.eventdata import RunCreate
from agency.domain.events import (
    RUN_CREATE_FAILED,
    RUN_CREATED,
    SESSION_START,
    WORKTREE_CREATED,
)
from agency.domain.frozen import frozen
from agency.domain.ids import RunId, branch_of, make_run_id, name_from_text, session_of
from agency.domain.job import Job, record_of_job
from agency.domain.repo import Repo
from agency.domain.run import BrokenRun, Run, TaskRef, new_record
from agency.domain.settings import Settings
from agency.runners.resolve import Runner, resolve_runner
from agency.sessions.consent import require_start
from agency.sessions.context import Context
from agency.sessions.find import remember
from agency.sessions.installed import without_lacking
from agency.sessions.launch import start_runner
from agency.sessions.live import screen_of, tmux_of, watch_start
from agency.sessions.parent import Parent
from agency.sessions.remove import clear_way, remove_branch, remove_tree
from agency.sessions.scaffold import bring_along, scaffold
from agency.sessions.setup import run_setup
from agency.sessions.threads import Plan, note_shown_thread
from agency.store.eventlog import now
from agency.store.runs import create_record, list_runs, load_run, log_of, remove_record
from agency.tools.git.command import LONG, Git
from agency.tools.git.submodules import fill_submodules
from agency.tools.git.worktree import add_new_worktree, fill_tree, remove_entry
from agency.tools.identity import this_process
from agency.tools.signals import shielded
from agency.tools.tmux.look import session_panes


@frozen
class Making:
    """What is to be made, checked already.

    ``name`` None: one is made from the ``prompt`` or the date. ``changes`` is the tree object of files that the worktree starts
    with as uncommitted changes on top of the parent's commit. ``watch``: wait until the runner has outlived the startup grace.
    ``plan`` says how the runner is started, once the worktree is there. ``job`` makes it a headless run,
    ``task`` one that works for a plan.
    """

    repo: Repo
    settings: Settings
    runner: str
    runner_args: tuple[str, ...]
    name: str | None
    prompt: str | None
    parent: Parent
    changes: str | None
    watch: bool
    plan: Callable[[Run, Runner], Plan]
    job: Job | None = None
    task: TaskRef | None = None


def make_run(context: Context, making: Making, show: Callable[[bytes], None]) -> Run:
    """Make a run and start its runner. ``show`` gets the output of the setup script.

    The repo lock is held only while the name is claimed and git makes the branch and the empty worktree. What fails
    before the setup script leaves nothing; what fails from then on leaves a run that says what happened. Raises E_NAME_EXISTS,
    E_WORKTREE_CREATE_FAILED, E_SCRIPT_FAILED, E_SCRIPT_TIMEOUT, E_RUNNER_EXITED.
    """
    repo, settings = making.repo, making.settings
    run = _claim(context, making)
    try:
        worktree = Git(environ=context.environ, tree=run.worktree)
        with context.busy("filling the worktree"):
            fill_tree(worktree)
            fill_submodules(worktree, repo.git_dir)
        if making.changes is not None:
            worktree.do("read-tree", "-m", "-u", "HEAD", making.changes, timeout=LONG)
            worktree.do("reset", "--quiet", "--mixed")
        scaffold(run, making.prompt)
        if repo.checkout is not None:
            bring_along(context, run, repo.checkout, settings)
        log_of(run).append(WORKTREE_CREATED({}))
    except BaseException:
        with shielded():
            _undo(context, run)
        raise
    _set_up(context, run, settings, show)
    try:
        runner = resolve_runner(
            settings, making.runner, context.environ, directory=run.worktree, extra=making.runner_args
        )
        start = without_lacking(context, require_start(context, run, settings, runner))
        plan = making.plan(run, start.runner)
        if plan.note is not None:
            context.tell(plan.note)
        tmux = tmux_of(context, None, settings.tmux_socket)
        launch = start_runner(context, run, start, plan, tmux, [])
        started = SESSION_START({"session_name": run.session_name, "runner": runner.name, "launch": launch.number})
        log = log_of(run)
        log.append(started)
        log.append(RUN_CREATED({}), durable=True)
    except BaseException as error:
        with shielded():
            _mark_failed(run, error, "session_start")
        raise
    if making.watch:
        watch_start(run, launch, tmux)
        if launch.thread_pattern is not None:
            note_shown_thread(run, launch, screen_of(tmux, session_panes(tmux, run.session_name)))
    return run


def _claim(context: Context, making: Making) -> Run:
    """Take the name, record what is about to be made, and let git make the branch and the empty worktree."""
    repo, parent = making.repo, making.parent
    with context.lock(repo.repo_id) as lock:
        remember(context, repo)
        taken = {run.name: run.run_id for run in list_runs(context.paths, repo.repo_id) if isinstance(run, Run)}
        name = making.name or _free_name(making.prompt, taken)
        if name in taken:
            raise AgencyError(
                "E_NAME_EXISTS",
                f"a run is called {name} already",
                hint=f"agency attach {name}, or choose another name",
                name=name,
                run_id=taken[name],
            )
        run_id = _free_run_id(context, repo)
        branch = branch_of(name, run_id)
        worktree = context.paths.worktree(repo.repo_id, run_id)
        intent: RunCreate = {
            "name": name,
            "branch": branch,
            "parent_branch": parent.branch,
            "base_commit": parent.commit,
            "worktree": worktree,
            "session_name": session_of(run_id),
            "runner": making.runner,
            "runner_args": list(making.runner_args),
            "mode": "headless" if making.job is not None else "interactive",
            "operator": this_process(context.command),
        }
        if making.task is not None:
            of = making.task
            intent["task"] = {"plan_id": of.plan_id, "task_id": of.task_id, "number": of.number}
        known = {"repo_key": repo.repo_key, "root": repo.root, "git_dir": repo.git_dir}
        meta = new_record(intent, run_id=run_id, repo_id=repo.repo_id, repo=known, created_at=now())
        job = record_of_job(making.job) if making.job is not None else None
        create_record(context.paths, repo.repo_id, run_id, meta=meta, intent=intent, job=job)
        run = _loaded(context, repo, run_id)
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        try:
            os.makedirs(os.path.dirname(worktree), mode=0o700, exist_ok=True)
            clear_way(context, run, git)
            add_new_worktree(git, path=worktree, branch=branch, commit=parent.commit)
        except BaseException as error:
            with shielded():
                _undo_locked(context, run, git)
            if isinstance(error, AgencyError) and error.code == "E_GIT_FAILED":
                raise AgencyError(
                    "E_WORKTREE_CREATE_FAILED",
                    f"the worktree could not be made: {error.message}",
                    hint="mend what git names, then type the command again",
                    branch=branch,
                ) from error
            raise
        return run


def _set_up(context: Context, run: Run, settings: Settings, show: Callable[[bytes], None]) -> None:
    hint = f"agency clean {run.name} removes the run, agency resume {run.name} starts it as it is"
    try:
        run_setup(context, run, settings, show, hint=hint)
    except BaseException as error:
        with shielded():
            _mark_failed(run, error, "setup")
        raise


def _mark_failed(run: Run, error: BaseException, step: str) -> None:
    code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
    log_of(run).append(RUN_CREATE_FAILED({"error_code": code, "step": step}), durable=True)


def _undo(context: Context, run: Run) -> None:
    """Remove all that was made for a run in which nobody has worked yet."""
    with context.lock(run.repo_id) as lock:
        _undo_locked(context, run, Git(environ=context.environ, git_dir=run.git_dir, lock_fd=lock.fd))


def _undo_locked(context: Context, run: Run, git: Git) -> None:
    clear_way(context, run, git)
    remove_tree(context, run, run.worktree)
    remove_entry(git, run.worktree)
    remove_branch(git, run, only_at=run.base_commit)
    remove_record(run)


def _loaded(context: Context, repo: Repo, run_id: RunId) -> Run:
    run = load_run(context.paths, repo.repo_id, run_id)
    if isinstance(run, BrokenRun):
        raise AgencyError("E_RUN_BROKEN", f"the record just written cannot be read: {run.reason}", run_id=run_id)
    return run


def _free_run_id(context: Context, repo: Repo) -> RunId:
    """An id that no run of the repo ever had. Hold the repo lock: two runs made within a second may draw the same digits."""
    paths = context.paths
    places = [place(repo.repo_id) for place in (paths.runs, paths.archive, paths.worktrees, paths.trash)]
    while True:
        run_id = make_run_id(time.strftime("%Y%m%d%H%M%S", time.gmtime()), os.urandom(2).hex())
        if not any(os.path.lexists(f"{place}/{run_id}") for place in places):
            return run_id


def _free_name(prompt: str | None, taken: dict[str, RunId]) -> str:
    name = (name_from_text(prompt) if prompt else None) or time.strftime("run-%m%d-%H%M")
    candidates = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)
