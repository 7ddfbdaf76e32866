"""Starting the runner of a run again: the part of a resume that changes something, under the lock of the repo.

Look, take the lock, look again, act: whoever was faster is joined, not fought.
"""

from agency.config.load import load_settings
from agency.domain.checkpoint import BEFORE_RESTART
from agency.domain.errors import AgencyError
from agency.domain.events import RESUME_ATTACH, RESUME_CREATE, RESUME_RESTART
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.runners.resolve import resolve_runner
from agency.sessions.checkpoints import keep_before
from agency.sessions.consent import AllowedStart, allow_start
from agency.sessions.context import Context
from agency.sessions.headless import plan_worker, require_job_going_on
from agency.sessions.installed import without_lacking
from agency.sessions.launch import start_runner
from agency.sessions.live import Live, is_starting, look, screen_of, tmux_of, watch_start
from agency.sessions.place import config_root
from agency.sessions.processes import end_processes
from agency.sessions.refused import watch_try
from agency.sessions.resume import Resumed, ResumeRequest, record, require_resumable, watch_new
from agency.sessions.threads import Plan, learn_thread, note_shown_thread, plan_again
from agency.sessions.usage import keep_usage
from agency.tools.tmux.look import runner_pane
from agency.tools.tmux.sessions import SessionExists


def revive(context: Context, run: Run, request: ResumeRequest, seen: Live) -> Resumed | None:
    """Start the runner, or with ``request.restart`` end it first. ``seen`` is the session as it was just found.

    The new command is resolved before the old one is ended. Consent to end a living runner holds for the runner that was
    seen; if another stands there under the lock, a person is asked again. None: declined, as
    when what the repo brings along to start it is not allowed. Raises as ``resume_run`` does.
    """
    require_job_going_on(run, operated=request.operated)
    while True:
        consent = _consent(run, seen, request)
        if request.restart and seen.alive and consent is None:
            return None
        settings = load_settings(config_root(context, run), context.paths.config)
        runner = resolve_runner(settings, run.runner, context.environ, directory=run.worktree, extra=run.runner_args)
        allowed = allow_start(context, run, settings, runner)
        if allowed is None:
            return None
        start = without_lacking(context, allowed)
        if request.restart:
            keep_before(context, run, BEFORE_RESTART)
        with context.lock(run.repo_id) as lock:
            require_resumable(run)
            seen = look(context, run)
            if seen.alive and not request.restart:
                record(run, RESUME_ATTACH, request, seen.launch, revived=False)
                break
            if seen.identity is not None and seen.identity != consent and not request.yes:
                continue
            try:
                launch, plan = _start(context, run, start, seen, request, lock.fd)
            except SessionExists:
                continue
            kind = RESUME_RESTART if request.restart else RESUME_CREATE
            revived = runner_pane(seen.panes) is not None and not request.restart
            record(run, kind, request, launch, revived=revived)
        if plan.tries and plan.thread is not None:
            watch_try(context, run, start, request, launch, plan.thread)
        else:
            watch_new(run, launch, tmux_of(context, launch))
        if launch.thread_pattern is not None:
            started = look(context, run)
            if started.launch is not None:
                note_shown_thread(run, started.launch, screen_of(started.tmux, started.panes))
        return Resumed(run=run, event=kind.name, revived=revived)
    if seen.launch is not None and is_starting(seen.launch):
        watch_start(run, seen.launch, seen.tmux)
    return Resumed(run=run, event=RESUME_ATTACH.name, revived=False)


def _consent(run: Run, seen: Live, request: ResumeRequest) -> tuple[str, int, int] | None:
    """The identity of the runner that may be ended; None when there is none, or a person declined."""
    if not request.restart or seen.identity is None or request.yes:
        return seen.identity
    if request.confirm is None:
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"the runner of {run.name} is alive; a restart ends it",
            hint=f"agency resume {run.name} --restart --yes",
            run_id=run.run_id,
        )
    question = f"the runner of {run.name} is alive and will be ended, with everything it started. restart it?"
    return seen.identity if request.confirm(question) else None


def _start(
    context: Context, run: Run, start: AllowedStart, seen: Live, request: ResumeRequest, lock_fd: int
) -> tuple[Launch, Plan]:
    """End what is left of the last launch and start the runner where its viewers are."""
    runner, settings = start.runner, start.settings
    panes = seen.panes
    if seen.launch is not None:
        pane = runner_pane(panes)
        end_processes(run, seen.launch, [pane] if pane is not None else [])
        panes = look(context, run).panes if panes else panes
    if not run.headless:
        learn_thread(run, runner, screen_of(seen.tmux, panes))
    keep_usage(context, run, settings)
    plan = (
        plan_worker(context, run, fresh=request.fresh) if run.headless else plan_again(run, runner, fresh=request.fresh)
    )
    if plan.note is not None:
        context.tell(plan.note)
    tmux = seen.tmux if panes else tmux_of(context, None, settings.tmux_socket)
    return start_runner(context, run, start, plan, tmux, panes, lock_fd=lock_fd), plan
