"""``agency stop`` and ``agency kill``: interrupt the runner, or end the session and everything in it."""

from agency.domain.errors import AgencyError
from agency.domain.events import KILL_SESSION, STOP
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.isolation import end_containers
from agency.sessions.live import live_pane, screen_of
from agency.sessions.processes import end_processes, has_processes
from agency.sessions.threads import note_shown_thread
from agency.store.runs import log_of
from agency.tools.signals import shielded
from agency.tools.tmux.look import runner_pane
from agency.tools.tmux.sessions import kill_session, send_keys


def stop_run(context: Context, run: Run) -> bool:
    """Type Ctrl-C into the pane of the runner and record that the run needs attention.

    False, and nothing done, when no runner is alive. Raises E_TMUX_FAILED.
    """
    _, tmux, panes = live_pane(context, run)
    pane = runner_pane(panes)
    if pane is None or pane.dead:
        return False
    send_keys(tmux, pane.pane_id, "C-c")
    log_of(run).append(STOP({"session_name": run.session_name, "keys": ["C-c"]}), durable=True)
    return True


def kill_run(context: Context, run: Run) -> bool:
    """End the session of the run with its whole process tree, and what an earlier session left behind.

    False, and nothing done, when there is neither. Works from inside the session too. Raises E_KILL_FAILED, E_TMUX_FAILED.
    """
    launch, tmux, panes = live_pane(context, run)
    if not panes and not has_processes(run, launch):
        return end_containers(context, run) > 0
    untold: AgencyError | None = None
    if launch is not None and launch.thread_pattern is not None:
        note_shown_thread(run, launch, screen_of(tmux, panes))
    with shielded():
        try:  # first, so that nobody who looks meanwhile takes the end of the runner for a loss
            log_of(run).append(KILL_SESSION({"session_name": run.session_name}), durable=True)
        except AgencyError as error:  # a full disk keeps no runner alive
            untold = error
        end_processes(run, launch, panes)
        end_containers(context, run)
        if panes:
            kill_session(tmux, panes[0].session_id)
        if untold is not None:
            raise untold
    return True
