"""What operators may ask of a headless run: one function, whoever calls it. The request is validated, written down first, and
then carried out by the worker, which is started where none is alive."""

import getpass
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from agency.domain.control import ACTIONS, ActionKind, Command, require_reason_fits
from agency.domain.errors import AgencyError
from agency.domain.events import (
    PAUSE_ACTIVE,
    PAUSE_CLEARED,
    RECOVERY_ACK,
    RECOVERY_APPLIED,
    RECOVERY_FAILED,
    RECOVERY_SUPERSEDED,
)
from agency.domain.frozen import frozen
from agency.domain.job import Job, Step
from agency.domain.jobstate import JobState
from agency.domain.redaction import Redactor
from agency.domain.run import Run
from agency.domain.secretnames import secrets_in
from agency.sessions.context import Context
from agency.sessions.live import look
from agency.sessions.resume import ResumeRequest, require_resumable, resume_run
from agency.store.control import append_command, read_commands
from agency.store.eventlog import now
from agency.store.jobs import read_job, read_state
from agency.store.runs import log_of
from agency.worker.commands import tell_commands

_TICK = 0.05
_SOON = 5.0
"""Seconds within which a living worker acknowledges."""
_OVER = {RECOVERY_APPLIED.name: "applied", RECOVERY_FAILED.name: "failed", RECOVERY_SUPERSEDED.name: "superseded"}
_REACHED: dict[str, Callable[[str | None], bool]] = {
    "pause": lambda held: held is not None,
    "unpause": lambda held: held is None,
    "takeover": lambda held: held == "taken_over",
    "release": lambda held: held != "taken_over",
}
"""Action -> whether the worker has come to it, by how it says that it is held."""


@frozen
class Request:
    """What an operator asks for: an ``action`` of :data:`agency.domain.control.ACTIONS`, the step as they typed it (None: the
    current one), why. ``wait``: until it is carried out. ``command_id``: the same one twice is one deed."""

    action: str
    step: str | None = None
    reason: str | None = None
    wait: bool = False
    command_id: str | None = None


@frozen
class Requested:
    """What became of it so far. ``state`` is ``requested``, ``acknowledged``, ``applied``, ``failed`` or ``superseded``;
    ``error`` is why it failed. ``step`` is the one that was meant, None where the action is of none."""

    command_id: str
    action: str
    state: str
    step: Step | None
    error: str | None = None


def operate(context: Context, run: Run, request: Request) -> Requested:
    """Ask the worker of a headless run for something.

    Raises E_NO_JOB, E_STEP_NOT_FOUND, E_STEP_NOT_REACHED, E_JOB_ENDED, E_USAGE, E_WORKTREE_MISSING, E_RUN_INCOMPLETE, and what a
    resume may raise; nothing was asked for then.
    """
    kind = ACTIONS[request.action]
    job = read_job(run.directory)
    if job is None:
        raise AgencyError(
            "E_NO_JOB", f"{run.name} is interactive and has no job", hint=f"agency attach {run.name}", run_id=run.run_id
        )
    require_resumable(run)
    require_reason_fits(request.reason)
    state = read_state(run.directory)
    step = _step(run, job, state, kind, request.step)
    _require_going_on(run, state, kind)
    command = Command(
        command_id=request.command_id or uuid.uuid4().hex,
        action=kind.name,
        requested_at=now(),
        requested_by=_operator(context),
        step_id=step.step_id if step is not None else None,
        step_index=step.index if step is not None else None,
        reason=Redactor(secrets_in(context.environ)).text(request.reason) if request.reason is not None else None,
    )
    if not any(known.command_id == command.command_id for known in read_commands(run.directory)):
        append_command(run.directory, command)
    tell_commands(run, job, state)
    current = job.steps[min(state.step_index if state is not None else 0, len(job.steps) - 1)]
    reached, error = _follow(context, run, command, wait=request.wait)
    meant = step if step is not None or not kind.recovery else current
    return Requested(command_id=command.command_id, action=kind.name, state=reached, step=meant, error=error)


def _step(run: Run, job: Job, state: JobState | None, kind: ActionKind, ref: str | None) -> Step | None:
    """The step that is meant: only one that was reached."""
    if ref is None:
        if kind.needs_step:
            raise AgencyError("E_USAGE", "which step?", hint=f"agency steps {run.name} lists them")
        return None
    step = job.find_step(ref)
    current = state.step_index if state is not None else 0
    if step.index > current:
        raise AgencyError(
            "E_STEP_NOT_REACHED",
            f"step {step.step_id} is not reached: the current one is {job.steps[current].step_id}",
            hint=f"agency steps {run.name}",
            run_id=run.run_id,
        )
    return step


def _require_going_on(run: Run, state: JobState | None, kind: ActionKind) -> None:
    if state is not None and state.outcome is not None and not kind.on_ended:
        raise AgencyError(
            "E_JOB_ENDED",
            f"the job of {run.name} has ended ({state.outcome.replace('_', ' ')})",
            hint=f"agency retry-step {run.name}, or agency resume-from {run.name} --step ID",
            run_id=run.run_id,
            outcome=state.outcome,
        )


def _operator(context: Context) -> Mapping[str, Any]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return {"user": user, "host": socket.gethostname(), "pid": os.getpid(), "command": context.command}


def _follow(context: Context, run: Run, command: Command, *, wait: bool) -> tuple[str, str | None]:
    """Until the worker has acknowledged it, or with ``wait`` carried it out; a worker is started where none lives."""
    soon = time.monotonic() + _SOON
    checked = 0.0
    while True:
        state, error = _state_of(run, command)
        done = state in ("applied", "failed", "superseded")
        if done or (not wait and (state == "acknowledged" or not command.kind.recovery)):
            if not done:
                _wake(context, run, command)
            return state, error
        if time.monotonic() - checked >= 1.0:
            checked = time.monotonic()
            _wake(context, run, command)
        if not wait and time.monotonic() >= soon:
            return state, error
        time.sleep(_TICK)


def _wake(context: Context, run: Run, command: Command) -> None:
    """Start a worker where none is alive and the action takes one."""
    if (command.kind.recovery or command.action == "takeover") and not look(context, run).alive:
        request = ResumeRequest(detached=True, restart=False, yes=False, fresh=False, confirm=None, operated=True)
        resume_run(context, run, request)


def _state_of(run: Run, command: Command) -> tuple[str, str | None]:
    state, error = "requested", None
    for event in log_of(run).read():
        data = event.get("data", {})
        if data.get("commandId") == command.command_id:
            if event["event"] == RECOVERY_ACK.name:
                state = "acknowledged"
            elif event["event"] in _OVER:
                state, error = _OVER[event["event"]], data.get("error")
    if command.kind.recovery:
        return state, error
    return ("applied" if _REACHED[command.action](_held(run)) else "requested"), None


def _held(run: Run) -> str | None:
    """How the worker says that it is held, None while it goes on."""
    held: str | None = None
    for event in log_of(run).read():
        if event["event"] in (PAUSE_ACTIVE.name, PAUSE_CLEARED.name):
            held = event["data"]["status"] if event["event"] == PAUSE_ACTIVE.name else None
    return held
