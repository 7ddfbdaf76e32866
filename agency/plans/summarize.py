"""How each task of a plan stands: its last attempt, what the doctor said last, validators, review, and what to type next."""

from dataclasses import asdict, dataclass
from typing import Any

from agency.domain.manifest import order_of
from agency.domain.planadvice import Surroundings, next_command
from agency.domain.planlog import LogEvent, LogQuery
from agency.domain.planstate import PlanState, TaskState
from agency.plans.active import ActivePlan
from agency.plans.logs import DoctorLog, all_runs, doctor_logs, plan_events
from agency.sessions.context import Context
from agency.store.plans import conductor_of, read_plan_state
from agency.store.plantrash import read_cleaning

DOCTOR_MOST = 600
"""Characters of what the doctor said last that are told: its end."""
_HOW = {"started": "at work", "finished": "accepted", "failed": "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAttempt:
    """The attempt that was begun last: in which run, at which step, and how it ended (``at work`` while it has not)."""

    run_id: str
    step: str
    attempt: int
    how: str
    summary: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """A task as a whole. ``doctor`` is the end of what the doctor said last, ``next`` what to type, None when nothing is left."""

    task_id: str
    name: str
    status: str
    reason: str | None
    runs: int
    tokens: int
    cost: float
    last_attempt: LastAttempt | None
    doctor: str | None
    doctor_exit_code: int | None
    validators: tuple[dict[str, Any], ...]
    review: dict[str, Any] | None
    next: str | None


def summarize(context: Context, plan: ActivePlan, task_id: str | None = None) -> list[TaskSummary]:
    """The tasks of a plan, or the one of ``task_id``. Writes nothing but a cache."""
    state = read_plan_state(plan.directory)
    attempts = plan_events(context, plan, LogQuery(event="task.step.attempt.*"))
    waiting = plan_events(context, plan, LogQuery(event="task.waiting*"))
    names = [task_id] if task_id is not None else sorted(state.tasks, key=order_of)
    return [_summary(context, plan, state, name, attempts, waiting) for name in names]


def record_of_summary(summary: TaskSummary) -> dict[str, Any]:
    """A summary, for programs."""
    return asdict(summary)


def _summary(
    context: Context,
    plan: ActivePlan,
    state: PlanState,
    task_id: str,
    attempts: list[LogEvent],
    waiting: list[LogEvent],
) -> TaskSummary:
    task = state.tasks[task_id]
    said: DoctorLog | None = next(iter(reversed(doctor_logs(context, plan, task_id))), None)
    around = Surroundings(
        plan_id=plan.plan_id,
        driven=conductor_of(plan.directory) is not None,
        cleaned=read_cleaning(plan.directory) is not None,
        waiting_run=_waiting_run(context, plan, task, waiting),
    )
    return TaskSummary(
        task_id=task_id,
        name=plan.manifests[task_id].name,
        status=task.status,
        reason=task.reason,
        runs=len(task.dispatches),
        tokens=task.tokens,
        cost=round(task.cost, 6),
        last_attempt=_last_attempt([event for event in attempts if event.task_id == task_id]),
        doctor=(said.text or "").strip()[-DOCTOR_MOST:] if said is not None else None,
        doctor_exit_code=said.exit_code if said is not None else None,
        validators=tuple(dict(one) for one in task.validators),
        review=asdict(task.review) if task.review is not None else None,
        next=next_command(task_id, task, around),
    )


def _last_attempt(events: list[LogEvent]) -> LastAttempt | None:
    if not events:
        return None
    last = events[-1]
    return LastAttempt(
        run_id=last.source,
        step=str(last.data.get("stepId")),
        attempt=int(last.data.get("attempt") or 0),
        how=_HOW.get(last.event.rpartition(".")[2], last.event),
        summary=last.data.get("summary") or last.data.get("failureClass"),
    )


def _waiting_run(context: Context, plan: ActivePlan, task: TaskState, waiting: list[LogEvent]) -> str | None:
    """The name of the run of the task whose runner waits for a person."""
    told = [event for event in waiting if event.source == task.run_id]
    if not told or told[-1].event != "task.waiting":
        return None
    return next((run.name for run in all_runs(context, plan) if run.run_id == task.run_id), None)
