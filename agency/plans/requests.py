"""What operators ask of a plan: written down first by whoever asks, then carried out by its conductor, each once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agency.domain.errors import AgencyError
from agency.domain.planevents import REVIEW_DONE, TASK_SKIPPED
from agency.domain.planrules import approved, renewed
from agency.domain.planstate import FAILED, PAUSED, REVIEW, SKIPPED, PlanState, TaskState
from agency.plans.active import ActivePlan
from agency.plans.dispatch import runs_of_plan
from agency.sessions.context import Context
from agency.sessions.stop import kill_run
from agency.store.plans import read_requests, requests_size

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor

STOP = "stop"


def _approve(task: TaskState, reason: str | None) -> TaskState:
    if task.commit is None:
        raise AgencyError(
            "E_PLAN_TRANSITION",
            "there is no finished work of this task that could be merged",
            hint="agency plan resume with a higher limit, such as --max-tokens-per-task"
            if task.status == PAUSED
            else "agency plan review retry",
        )
    return approved(task)


def _reject(task: TaskState, reason: str | None) -> TaskState:
    said = f"rejected{f': {reason}' if reason else ''}"
    if task.status not in (REVIEW, FAILED, "rescope_required", "paused"):
        raise AgencyError("E_PLAN_TRANSITION", f"a task that is {task.status} cannot be rejected")
    return replace(task if task.status == FAILED else task.moved(REVIEW).moved(FAILED), reason=said, review=None)


def _skip(task: TaskState, reason: str | None) -> TaskState:
    return task.moved(SKIPPED, reason=reason or "skipped by a person", review=None)


ACTIONS: Mapping[str, Callable[[TaskState, str | None], TaskState]] = {
    "approve": _approve,
    "reject": _reject,
    "retry": renewed,
    "skip": _skip,
}
"""What a person may decide on a task -> what it then is. Each raises E_PLAN_TRANSITION where that does not fit."""


def decided(state: PlanState, task_id: str, action: str, reason: str | None, *, force: bool) -> TaskState:
    """A task as a person decided. Raises E_TASK_NOT_FOUND, E_PLAN_TRANSITION."""
    task = state.tasks.get(task_id)
    if task is None:
        raise AgencyError(
            "E_TASK_NOT_FOUND", f"the plan has no task {task_id}", hint="agency plan status", tasks=sorted(state.tasks)
        )
    if task.status == "running" and not force:
        raise AgencyError(
            "E_PLAN_TRANSITION",
            f"task {task_id} is being worked on",
            hint="add --force to end that and decide all the same",
        )
    return ACTIONS[action](task, reason)


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
        size = requests_size(conductor.plan.directory)
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
            conductor.stop("an operator")
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
        if action == "skip":
            conductor.log(TASK_SKIPPED({"reason": after.reason or ""}), task_id)
        conductor.save(heard.with_task(task_id, after))
        conductor.tell(f"task {task_id}: {action}")
        conductor.untidy = True


def end_sessions(context: Context, plan: ActivePlan) -> int:
    """End the sessions of all runs of a plan; how many had one. Raises E_KILL_FAILED."""
    return sum(kill_run(context, run) for run in runs_of_plan(context, plan))
