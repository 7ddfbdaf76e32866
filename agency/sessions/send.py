"""``agency send``: text into the pane of the runner, exactly as given."""

import os
import time

from agency.domain.errors import AgencyError
from agency.domain.events import SEND, Send
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.sessions.agentstate import teller_of
from agency.sessions.context import Context
from agency.sessions.live import live_pane
from agency.store.locks import turn
from agency.store.runs import log_of
from agency.tools.tmux.look import runner_pane
from agency.tools.tmux.sessions import paste, send_keys

_PATIENCE = 10.0
_POLL = 0.1


def send_to(context: Context, run: Run, content: bytes, *, enter: bool) -> bool | None:
    """Paste ``content`` (any bytes, any length) into the pane, then press Enter where wanted.

    The paste is bracketed when the program in the pane asked for that. True: the agent told that it took the prompt; False: it
    tells when it does, and did not within ten seconds; None: nothing was submitted, or it is of a kind that does not tell.
    Raises E_SESSION_NOT_FOUND, E_RUNNER_EXITED, E_SEND_FAILED.
    """
    launch, tmux, panes = live_pane(context, run)
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
    sent = time.time()
    try:
        keys = ("Enter",) if enter else ()
        with turn(run.directory):
            if content:
                paste(tmux, pane.pane_id, content, buffer=f"agency-{run.run_id}-{os.getpid()}", keys=keys)
            elif keys:
                send_keys(tmux, pane.pane_id, *keys)
    except AgencyError as error:
        raise AgencyError(
            "E_SEND_FAILED", f"the text did not reach {run.name}: {error.message}", hint=f"agency attach {run.name}"
        ) from error
    confirmed = _confirmed(context, run, launch, sent) if enter and content and launch is not None else None
    data: Send = {"session_name": run.session_name, "bytes": len(content), "enter": enter}
    if confirmed is not None:
        data["confirmed"] = confirmed
    log_of(run).append(SEND(data))
    return confirmed


def _confirmed(context: Context, run: Run, launch: Launch, sent: float) -> bool | None:
    """Whether the agent took a prompt since ``sent``; None when it is of a kind that does not tell."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        teller = teller_of(context, run, launch)
        if teller is None or not teller.adapter.confirms_prompts:
            return None
        if teller.adapter.took_prompt(teller.scene, teller.thread_id, sent):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL)
