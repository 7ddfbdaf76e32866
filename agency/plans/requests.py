"""What operators ask of a plan: written down first by whoever asks, then carried out by its conductor, each once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agency.domain.errors import AgencyError
from agency.domain.plandecisions import SKIP, decided
from agency.domain.planevents import REVIEW_DONE, TASK_SKIPPED
from agency.plans.active import ActivePlan
from agency.plans.dispatch import runs_of_plan
from agency.sessions.context import Context
from agency.sessions.stop import kill_run
from agency.store.control import control_size, read_requests

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor

STOP = "stop"


def stops_before(plan: ActivePlan) -> list[str]:
    """The ids of the requests to stop that are there. Whoever is about to become the conductor has to look before: they were for
    another, which may have died before it heard them."""
    return [str(one.get("command_id")) for one in read_requests(plan.directory) if one.get("action") == STOP]


class Requests:
    """The requests of one plan, as its conductor hears them."""

    def __init__(self, conductor: "Conductor") -> None:
        self._conductor = conductor
        self._size = -1
        self.sessions_too = False

    def hear(self) -> None:
        """Carry out what is new."""
        conductor = self._conductor
        size = control_size(conductor.plan.directory)
        if size == self._size:
            return
        self._size = size
        for request in read_requests(conductor.plan.directory):
            if str(request.get("command_id")) not in conductor.state.commands:
                self._carry_out(request)

    def _carry_out(self, request: Mapping[str, Any]) -> None:
        conductor = self._conductor
        state, command_id = conductor.state, str(request["command_id"])
        heard = replace(state, commands=(*state.commands, command_id))
        action = str(request.get("action"))
        if action == STOP:
            self.sessions_too = bool(request.get("sessions"))
            conductor.save(heard)
            conductor.stop()
            return
        task_id, reason = str(request.get("task_id")), request.get("reason")
        try:
            after = decided(state, task_id, action, reason, force=bool(request.get("force")))
        except AgencyError as error:
            conductor.save(replace(heard, refused={**state.refused, command_id: error.message}))
            return
        done: Any = {"action": action, "command_id": command_id, "operator": str(request.get("requested_by") or "")}
        if reason:
            done["reason"] = reason
        conductor.log(REVIEW_DONE(done), task_id, durable=True)
        if action == SKIP:
            conductor.log(TASK_SKIPPED({"reason": after.reason or ""}), task_id)
        conductor.save(heard.with_task(task_id, after))
        conductor.tell(f"task {task_id}: {action}")
        conductor.untidy = True


def end_sessions(context: Context, plan: ActivePlan) -> int:
    """End the sessions of all runs of a plan; how many had one. Raises E_KILL_FAILED."""
    return sum(kill_run(context, run) for run in runs_of_plan(context, plan))
