"""The validators of a plan: who judges the work of a task before it is merged."""

from typing import TYPE_CHECKING

from agency.domain.planstate import VALIDATED, TaskState

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


def judge_task(conductor: "Conductor", task_id: str, task: TaskState) -> None:
    """Have the work of a task judged by all validators of the plan; it may be merged then."""
    conductor.put(task_id, task.moved(VALIDATED))
