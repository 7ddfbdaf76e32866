"""What operators may ask of a plan: one function each, whoever calls it. A request is written down first; the conductor that
drives the plan carries it out, or, where none does, the caller in its place."""

import getpass
import time
import uuid
from collections.abc import Mapping
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.plandecisions import decided
from agency.domain.planstate import COMPLETE
from agency.plans.active import ActivePlan
from agency.plans.conductor import Conductor
from agency.plans.requests import STOP, end_sessions
from agency.plans.start import require_not_cleaned
from agency.sessions.context import Context
from agency.store.control import append_request
from agency.store.eventlog import now
from agency.store.plans import conductor_lock, conductor_of, read_plan_state

_TICK = 0.05
_SOON = 10.0
"""Seconds within which a living conductor carries out what is asked."""
_ORDERLY = 60.0
"""Seconds that stopping in order may take."""


@frozen
class Stopped:
    """Whether a conductor was stopped, and how many sessions were ended."""

    stopped: bool
    sessions: int


@frozen
class Decision:
    """What a person decides on a task: ``approve``, ``reject``, ``retry`` or ``skip``; why; also while it is worked on
    (``force``)."""

    action: str
    task_id: str
    reason: str | None = None
    force: bool = False


def stop_plan(context: Context, plan: ActivePlan, *, sessions: bool) -> Stopped:
    """Stop the conductor of a plan, and with ``sessions`` its workers. Raises E_TIMEOUT when it does not end."""
    if conductor_of(plan.directory) is None:
        ended = end_sessions(context, plan) if sessions else 0
        return Stopped(stopped=False, sessions=ended)
    _ask(context, plan, {"action": STOP, "sessions": sessions})
    deadline = time.monotonic() + _ORDERLY
    while conductor_of(plan.directory) is not None:
        if time.monotonic() > deadline:
            raise AgencyError(
                "E_TIMEOUT",
                f"the conductor of plan {plan.name} did not stop within {_ORDERLY:g} s",
                hint=f"agency plan status {plan.plan_id}",
                pid=conductor_of(plan.directory),
            )
        time.sleep(_TICK)
    stops = [event["data"] for event in plan.log.read() if event["event"] == "run.stop"]
    return Stopped(stopped=True, sessions=int(stops[-1]["sessions_stopped"]) if stops else 0)


def decide_task(context: Context, plan: ActivePlan, decision: Decision) -> str:
    """Decide on a task; the status that it has then.

    Raises E_TASK_NOT_FOUND, E_PLAN_TRANSITION where that does not fit, E_PLAN_ENDED for a plan that is complete.
    """
    state = read_plan_state(plan.directory)
    if state.status == COMPLETE:
        raise AgencyError(
            "E_PLAN_ENDED", f"plan {plan.name} is complete", hint=f"agency plan run {plan.name}", plan_id=plan.plan_id
        )
    require_not_cleaned(plan)
    decided(state, decision.task_id, decision.action, decision.reason, force=decision.force)
    request = {
        "action": decision.action,
        "task_id": decision.task_id,
        "reason": decision.reason,
        "force": decision.force,
    }
    command_id = _ask(context, plan, request)
    deadline = time.monotonic() + _SOON
    while True:
        if conductor_of(plan.directory) is None:
            _carry_out(context, plan)
        after = read_plan_state(plan.directory)
        if command_id in after.commands:
            break
        if time.monotonic() > deadline:
            return "requested"
        time.sleep(_TICK)
    if command_id in after.refused:
        raise AgencyError("E_PLAN_TRANSITION", after.refused[command_id], hint="agency plan status")
    return after.tasks[decision.task_id].status


def _ask(context: Context, plan: ActivePlan, request: Mapping[str, Any]) -> str:
    command_id = uuid.uuid4().hex
    by = {"command_id": command_id, "requested_at": now(), "requested_by": _user(), "via": context.command}
    append_request(plan.directory, {**by, **request})
    return command_id


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _carry_out(context: Context, plan: ActivePlan) -> None:
    """Carry out what was asked, in the place of a conductor; nothing where one has begun meanwhile."""
    with conductor_lock(plan.directory, context.command) as fd:
        if fd is not None:
            state = read_plan_state(plan.directory)
            Conductor(context, plan, state, lock_fd=fd, show=lambda state: None, tell=lambda text: None).hear_only()
