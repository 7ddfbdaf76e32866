"""How each task of a plan stands: its last attempt, what the doctor said last, validators, review, and what to type next."""

from dataclasses import asdict
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.manifest import order_of
from agency.domain.planadvice import Surroundings, next_command
from agency.domain.planlog import LogEvent, LogQuery
from agency.domain.planstate import PlanState, TaskState
from agency.domain.run import Run
from agency.plans.active import ActivePlan
from agency.plans.logs import all_runs, doctors_among, plan_events, with_text
from agency.sessions.context import Context
from agency.store.plans import conductor_of, read_plan_state
from agency.store.plantrash import read_cleaning

DOCTOR_MOST = 600
"""Characters of what the doctor said last that are told: its end."""
_HOW = {"started": "at work", "finished": "accepted", "failed": "failed"}


@frozen
class LastAttempt:
    """The attempt that was begun last: in which run, at which step, and how it ended (``at work`` while it has not)."""

    run_id: str
    step: str
    attempt: int
    how: str
    summary: str | None


@frozen
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


@frozen
class _Told:
    """What all summaries are made from."""

    attempts: list[LogEvent]
    waiting: list[LogEvent]
    doctors: list[LogEvent]
    runs: list[Run]


def summarize(context: Context, plan: ActivePlan, task_id: str | None = None) -> list[TaskSummary]:
    """The tasks of a plan, or the one of ``task_id``. Writes nothing but a cache."""
    state = read_plan_state(plan.directory)
    attempts = plan_events(context, plan, LogQuery(event="task.step.attempt.*"))
    waiting = plan_events(context, plan, LogQuery(event="task.waiting*"))
    doctors = plan_events(context, plan, LogQuery(event="doctor.*"))
    told = _Told(attempts=attempts, waiting=waiting, doctors=doctors, runs=all_runs(context, plan))
    names = [task_id] if task_id is not None else sorted(state.tasks, key=order_of)
    return [_summary(plan, state, name, told) for name in names]


def record_of_summary(summary: TaskSummary) -> dict[str, Any]:
    """A summary, for programs."""
    return asdict(summary)


def _summary(plan: ActivePlan, state: PlanState, task_id: str, told: _Told) -> TaskSummary:
    task = state.tasks[task_id]
    judged = doctors_among(plan, told.runs, told.doctors, task_id)
    said = with_text(judged[-1]) if judged else None
    around = Surroundings(
        plan_id=plan.plan_id,
        driven=conductor_of(plan.directory) is not None,
        cleaned=read_cleaning(plan.directory) is not None,
        waiting_run=_waiting_run(task, told),
    )
    return TaskSummary(
        task_id=task_id,
        name=plan.manifests[task_id].name,
        status=task.status,
        reason=task.reason,
        runs=len(task.dispatches),
        tokens=task.tokens,
        cost=round(task.cost, 6),
        last_attempt=_last_attempt([event for event in told.attempts if event.task_id == task_id]),
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


def _waiting_run(task: TaskState, told: _Told) -> str | None:
    """The name of the run of the task whose runner waits for a person."""
    events = [event for event in told.waiting if event.source == task.run_id]
    if not events or events[-1].event != "task.waiting":
        return None
    return next((run.name for run in told.runs if run.run_id == task.run_id), None)
