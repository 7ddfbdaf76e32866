"""``agency run``: what has to hold before a run is made."""

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import NAME_RULE, is_valid_name
from agency.domain.job import Job
from agency.domain.repo import Repo
from agency.domain.run import Run, TaskRef
from agency.runners.resolve import Runner, require_prompt_fits, resolve_runner
from agency.sessions.consent import allows_making
from agency.sessions.context import Context
from agency.sessions.find import require_repo
from agency.sessions.live import tmux_of
from agency.sessions.make import Making, make_run
from agency.sessions.parent import find_parent, take_changes
from agency.sessions.threads import Plan, plan_first
from agency.store.locks import load_beforehand

if TYPE_CHECKING:  # most runs have no job
    from agency.config.job import ParsedJob
    from agency.sessions.headless import JobRequest


@frozen
class RunRequest:
    """What the user asked for. ``runner_args`` are added to the runner's command line. ``open_editor``: there has to be an
    editor to open the worktree with. ``job`` makes the run headless, ``task`` is what it does for a plan. ``changes`` gives the
    tree of files that the worktree starts with as uncommitted changes on top of a commit."""

    name: str | None
    runner: str | None
    parent: str | None
    prompt: str | None
    runner_args: tuple[str, ...]
    allow_dirty: bool
    take_changes: bool
    repo: str | None
    watch: bool
    open_editor: bool = False
    job: "JobRequest | None" = None
    task: TaskRef | None = None
    changes: Callable[[str], str | None] | None = None


def create_run(context: Context, request: RunRequest, show: Callable[[bytes], None]) -> Run | None:
    """Make a run and start its runner. ``show`` gets the output of the setup script; ``request.watch`` says whether to wait
    until the runner has outlived the startup grace. None: what the repo brings along was not allowed, and nothing was made.

    The repo lock is held only while the name is claimed and git makes the branch and the empty worktree. What fails
    before the setup script leaves nothing; what fails from then on leaves a run that says what happened. Raises any of
    the errors of the gates, E_CONSENT_REQUIRED, E_NAME_EXISTS, E_SCRIPT_FAILED, E_SCRIPT_TIMEOUT, E_RUNNER_EXITED.
    """
    repo = require_repo(context, request.repo)
    _refuse_inside_run(context, repo)
    settings = load_settings(repo.checkout or repo.root, context.paths.config)
    parsed = _parsed(request)
    runner_name = request.runner or (parsed.runner if parsed is not None else None) or settings.runner
    require_valid_name(request.name)
    place = repo.checkout or repo.root
    runner = resolve_runner(settings, runner_name, context.environ, directory=place, extra=request.runner_args)
    args = request.runner_args
    job: Job | None = None
    if request.job is None:
        require_prompt_fits(runner, request.prompt)
    else:
        from agency.sessions.headless import make_job, require_headless, words_for_model

        require_headless(runner, place)
        job = make_job(context, settings, runner, request.job, parsed)
        args = (*args, *words_for_model(runner, job.model))
    tmux = tmux_of(context, None, settings.tmux_socket)
    tmux.require()
    load_beforehand()
    if request.open_editor:
        from agency.sessions.open import editor_words

        editor_words(context, settings, None)
    parent = find_parent(
        context, repo, request.parent or settings.parent, allow_dirty=request.allow_dirty or request.take_changes
    )
    if not allows_making(
        context, repo, settings, runner_name, parent, taken=request.take_changes, editor=request.open_editor
    ):
        return None
    changes = take_changes(context, repo, parent) if request.take_changes else None
    if request.changes is not None:
        changes = request.changes(parent.commit)
    return make_run(
        context,
        Making(
            repo=repo,
            settings=settings,
            runner=runner_name,
            runner_args=args,
            name=request.name,
            prompt=request.prompt if job is None else job.objective,
            parent=parent,
            changes=changes,
            watch=request.watch,
            plan=lambda run, runner: _plan(context, run, runner, request),
            job=job,
            task=request.task,
        ),
        show,
    )


def _parsed(request: RunRequest) -> "ParsedJob | None":
    """The job file, where one is given. Raises E_INVALID_JOB."""
    if request.job is None or request.job.file is None:
        return request.job.parsed if request.job is not None else None
    from agency.config.job import read_job_file

    return read_job_file(request.job.file)


def _plan(context: Context, run: Run, runner: Runner, request: RunRequest) -> Plan:
    if request.job is None:
        return plan_first(run, runner, request.prompt)
    from agency.sessions.headless import plan_worker

    return plan_worker(context, run)


def require_valid_name(name: str | None) -> None:
    """Raise E_INVALID_NAME unless a run may be called ``name``."""
    if name is not None and not is_valid_name(name):
        raise AgencyError("E_INVALID_NAME", f"{name!r} cannot name a run", hint=f"a name has {NAME_RULE}", name=name)


def _refuse_inside_run(context: Context, repo: Repo) -> None:
    worktrees = os.path.realpath(context.paths.worktrees(repo.repo_id))
    if (os.path.realpath(repo.checkout or repo.root) + "/").startswith(worktrees + "/"):
        raise AgencyError(
            "E_INSIDE_RUN",
            "this is the worktree of a run; a run is started from the repository itself",
            hint=f"agency run --repo {shlex.quote(repo.root)}",
            repo=repo.root,
        )
