"""Agents that cannot be asked whether they still have a conversation: one that ends at once on being told to go on with it is
started again with a new one, and that is told.
"""

from agency.domain.errors import AgencyError
from agency.domain.eventdata import ResumeFailed
from agency.domain.events import RESUME_CREATE, RESUME_FAILED
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.domain.thread import Thread
from agency.sessions.consent import AllowedStart
from agency.sessions.context import Context
from agency.sessions.launch import start_runner
from agency.sessions.live import look, tmux_of, watch_start
from agency.sessions.resume import ResumeRequest, record, watch_new
from agency.sessions.threads import plan_anew
from agency.store.runs import log_of
from agency.store.threads import write_thread
from agency.tools.tmux.look import runner_pane


def watch_try(
    context: Context,
    run: Run,
    start: AllowedStart,
    request: ResumeRequest,
    launch: Launch,
    thread: Thread,
) -> None:
    """See that ``launch``, which is to go on with ``thread``, outlives its grace, or begin a new conversation.

    When that ends at once too, the conversation was not the reason: it stays on record. Raises E_RUNNER_EXITED.
    """
    try:
        watch_start(run, launch, tmux_of(context, launch))
    except AgencyError as error:
        if error.code != "E_RUNNER_EXITED":
            raise
        code = error.details.get("exit_code")
        _begin_anew(context, run, start, request, launch, thread, code if isinstance(code, int) else None)


def _begin_anew(
    context: Context,
    run: Run,
    start: AllowedStart,
    request: ResumeRequest,
    refused: Launch,
    thread: Thread,
    exit_code: int | None,
) -> None:
    runner, settings = start.runner, start.settings
    with context.lock(run.repo_id) as lock:
        seen = look(context, run)
        if seen.launch is None or seen.launch.number != refused.number:
            return  # somebody started it again meanwhile
        failed: ResumeFailed = {
            "session_name": run.session_name,
            "reason": "thread_unknown",
            "thread_id": thread.thread_id,
        }
        if exit_code is not None:
            failed["exit_code"] = exit_code
        log_of(run).append(RESUME_FAILED(failed), durable=True)
        plan = plan_anew(run, runner, thread, reason="unknown")
        context.tell(
            f"{runner.name} ended at once on being told to go on with conversation {thread.thread_id}; a new one begins"
        )
        tmux = seen.tmux if seen.panes else tmux_of(context, None, settings.tmux_socket)
        launch = start_runner(context, run, start, plan, tmux, seen.panes, lock_fd=lock.fd)
        record(run, RESUME_CREATE, request, launch, revived=runner_pane(seen.panes) is not None)
    try:
        watch_new(run, launch, tmux_of(context, launch))
    except AgencyError:
        with context.lock(run.repo_id):
            now = look(context, run).launch
            if now is not None and now.number == launch.number:
                write_thread(run.directory, thread)
        raise
