"""``agency attach``: the terminal of the caller becomes a view of the session."""

from typing import NoReturn

from agency.domain.errors import AgencyError
from agency.domain.events import ATTACH
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.live import live_pane
from agency.store.runs import log_of
from agency.tools.tmux.attach import attach


def attach_run(context: Context, run: Run, *, read_only: bool, record: bool = True) -> NoReturn:
    """Replace this process by a view of the session, whether its runner lives or has exited.

    ``record``: append an ``attach`` event first. Raises E_SESSION_NOT_FOUND.
    """
    _, tmux, panes = live_pane(context, run)
    if not panes:
        raise AgencyError(
            "E_SESSION_NOT_FOUND",
            f"run {run.name} has no session",
            hint=f"agency restore {run.run_id}" if run.archived else f"agency resume {run.name}",
            run_id=run.run_id,
        )
    if record:
        log_of(run).append(ATTACH({"session_name": run.session_name, "read_only": read_only}))
    attach(tmux, run.session_name, read_only=read_only)
