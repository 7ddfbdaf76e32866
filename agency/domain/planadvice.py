"""What to type next about a task of a plan, by rules."""

from agency.domain.frozen import frozen
from agency.domain.planstate import COMPLETE, FAILED, PAUSED, RESCOPE, REVIEW, RUNNING, SKIPPED, TaskState


@frozen
class Surroundings:
    """What counts besides the task itself: the plan, whether a conductor drives it, whether it was cleaned, and the run that
    waits for a person, None when none does."""

    plan_id: str
    driven: bool
    cleaned: bool
    waiting_run: str | None = None


def next_command(task_id: str, task: TaskState, around: Surroundings) -> str | None:
    """The command to type next; None when nothing is left to do."""
    plan = around.plan_id
    if around.cleaned:
        return f"agency plan restore {plan}"
    if task.status in (COMPLETE, SKIPPED):
        return None
    if task.status in (REVIEW, RESCOPE):
        approvable = task.commit is not None and task.review is not None and task.review.by not in _BROKEN
        decision = "approve" if approvable else "retry"
        return f"agency plan review {decision} {task_id} --plan {plan}"
    if task.status == FAILED:
        return f"agency plan review retry {task_id} --plan {plan}"
    if task.status == PAUSED:
        limit = "tokens" if "tokens" in (task.reason or "") else "cost"
        scope = "run" if "the plan" in (task.reason or "") else "task"
        return f"agency plan resume {plan} --max-{limit}-per-{scope} N"
    if not around.driven:
        return f"agency plan resume {plan}"
    if task.status == RUNNING and around.waiting_run is not None:
        return f"agency attach {around.waiting_run}"
    return f"agency plan status {plan} --watch"


_BROKEN = frozenset({"doctor", "merge", "finish", "dispatch", "dispatches", "session"})
"""Who stopped a task whose work cannot go into the branch as it is."""
