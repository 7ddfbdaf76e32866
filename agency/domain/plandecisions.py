"""What a person decides on a task of a plan, and what the task is then."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.domain.planrules import approved, renewed
from agency.domain.planstate import FAILED, HALTED, PAUSED, REVIEW, RUNNING, SKIPPED, PlanState, TaskState

APPROVE, REJECT, RETRY, SKIP = "approve", "reject", "retry", "skip"


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
    if task.status not in HALTED:
        raise AgencyError("E_PLAN_TRANSITION", f"a task that is {task.status} cannot be rejected")
    return replace(task if task.status == FAILED else task.moved(REVIEW).moved(FAILED), reason=said, review=None)


def _skip(task: TaskState, reason: str | None) -> TaskState:
    return task.moved(SKIPPED, reason=reason or "skipped by a person", review=None)


ACTIONS: Mapping[str, Callable[[TaskState, str | None], TaskState]] = {
    APPROVE: _approve,
    REJECT: _reject,
    RETRY: renewed,
    SKIP: _skip,
}
"""What a person may decide on a task -> what it then is. Each raises E_PLAN_TRANSITION where that does not fit."""


def decided(state: PlanState, task_id: str, action: str, reason: str | None, *, force: bool) -> TaskState:
    """A task as a person decided. Raises E_TASK_NOT_FOUND, E_PLAN_TRANSITION."""
    task = state.tasks.get(task_id)
    if task is None:
        raise AgencyError(
            "E_TASK_NOT_FOUND", f"the plan has no task {task_id}", hint="agency plan status", tasks=sorted(state.tasks)
        )
    if task.status == RUNNING and not force:
        raise AgencyError(
            "E_PLAN_TRANSITION",
            f"task {task_id} is being worked on",
            hint="add --force to end that and decide all the same",
        )
    return ACTIONS[action](task, reason)
