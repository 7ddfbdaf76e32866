"""``agency send``: text into the pane of the runner, exactly as given."""

import os

from agency.domain.errors import AgencyError
from agency.domain.events import SEND
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.live import live_pane
from agency.store.runs import log_of
from agency.tools.tmux.look import runner_pane
from agency.tools.tmux.sessions import paste, send_keys


def send_to(context: Context, run: Run, content: bytes, *, enter: bool) -> None:
    """Paste ``content`` (any bytes, any length) into the pane, then press Enter where wanted.

    The paste is bracketed when the program in the pane asked for that. Raises E_SESSION_NOT_FOUND,
    E_RUNNER_EXITED, E_SEND_FAILED.
    """
    _, tmux, panes = live_pane(context, run)
    pane = runner_pane(panes)
    if pane is None:
        raise AgencyError(
            "E_SESSION_NOT_FOUND", f"run {run.name} has no session", hint=f"agency resume {run.name}", run_id=run.run_id
        )
    if pane.dead:
        raise AgencyError(
            "E_RUNNER_EXITED",
            f"the runner of {run.name} has exited",
            hint=f"agency resume {run.name} --detached",
            run_id=run.run_id,
        )
    try:
        keys = ("Enter",) if enter else ()
        if content:
            paste(tmux, pane.pane_id, content, buffer=f"agency-{run.run_id}-{os.getpid()}", keys=keys)
        elif keys:
            send_keys(tmux, pane.pane_id, *keys)
    except AgencyError as error:
        raise AgencyError(
            "E_SEND_FAILED", f"the text did not reach {run.name}: {error.message}", hint=f"agency attach {run.name}"
        ) from error
    log_of(run).append(SEND({"session_name": run.session_name, "bytes": len(content), "enter": enter}))
