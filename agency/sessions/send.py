"""``agency send``: text into the pane of the runner, exactly as given."""

import os
import time
from collections.abc import Callable
from functools import partial

from agency.domain.errors import AgencyError
from agency.domain.eventdata import Send
from agency.domain.events import SEND
from agency.domain.jobprogress import fold_job
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.sessions.agentstate import agent_state, teller_of
from agency.sessions.context import Context
from agency.sessions.live import live_pane
from agency.store.locks import turn
from agency.store.runs import log_of
from agency.tools.tmux.command import Tmux
from agency.tools.tmux.look import runner_pane, screens
from agency.tools.tmux.sessions import paste, send_keys

_PATIENCE = 10.0
_POLL = 0.1
_AGAIN_AFTER = 1.0
"""Seconds without a word from the agent after which Enter is pressed again."""
_LAST_LINES = 8
"""So many lines at the end of a screen hold the prompt box."""
_VISIBLE = 30
"""Characters at the end of a text by which it is recognised."""


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
    if run.headless and fold_job(log_of(run).read()).held != "taken_over":
        raise AgencyError(
            "E_SEND_FAILED",
            f"{run.name} is headless: nobody reads what is typed into its pane",
            hint=f"agency takeover {run.name}, or say it to the next attempt: agency retry-step {run.name} --reason TEXT",
            run_id=run.run_id,
        )
    sent, idle = time.time(), launch is not None and _is_idle(context, run, launch)
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
    confirmed = None
    if enter and content and launch is not None:
        lost = partial(_press_again, tmux, pane.pane_id, run, content) if idle else None
        confirmed = _confirmed(context, run, launch, sent, lost)
    data: Send = {"session_name": run.session_name, "bytes": len(content), "enter": enter}
    if confirmed is not None:
        data["confirmed"] = confirmed
    log_of(run).append(SEND(data))
    return confirmed


def _confirmed(
    context: Context, run: Run, launch: Launch, sent: float, press_again: Callable[[], None] | None
) -> bool | None:
    """Whether the agent took a prompt since ``sent``; None when it is of a kind that does not tell."""
    started = time.monotonic()
    next_press = started + _AGAIN_AFTER
    while True:
        teller = teller_of(context, run, launch)
        if teller is None or not teller.adapter.confirms_prompts:
            return None
        if teller.adapter.took_prompt(teller.scene, teller.thread_id, sent):
            return True
        if time.monotonic() >= started + _PATIENCE:
            return False
        if press_again is not None and time.monotonic() >= next_press:
            press_again()
            next_press = time.monotonic() + _AGAIN_AFTER
        time.sleep(_POLL)


def _is_idle(context: Context, run: Run, launch: Launch) -> bool:
    """Whether the agent told that it is done: no question of its own can come up before it takes the prompt."""
    state = agent_state(context, run, launch)
    return state is not None and state.doing == "done"


def _press_again(tmux: Tmux, pane_id: str, run: Run, content: bytes) -> None:
    """Press Enter when the end of the text still stands at the end of the screen. A command of the agent's own (/...) may have
    put a question there, and is left alone. What fails here shows as an unconfirmed text."""
    last = content.decode("utf-8", "replace").strip().rpartition("\n")[2].strip()
    if not last or content.lstrip().startswith(b"/"):
        return
    try:
        lines = [line for line in screens(tmux, [pane_id]).get(pane_id, "").splitlines() if line.strip()]
        if any(last[-_VISIBLE:] in line for line in lines[-_LAST_LINES:]):
            with turn(run.directory):
                send_keys(tmux, pane_id, "Enter")
    except AgencyError:
        return
