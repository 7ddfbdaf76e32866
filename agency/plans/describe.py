"""A plan that was begun, for those who look. Nothing is written."""

from typing import Any

from agency.domain.frozen import frozen
from agency.domain.manifest import order_of
from agency.domain.planstate import COMPLETE, RUNNING, PlanState, TaskState
from agency.plans.active import ActivePlan
from agency.store.plans import conductor_of
from agency.store.plantrash import read_cleaning


@frozen
class Row:
    """One task as a line of a table."""

    task_id: str
    status: str
    runs: int
    tokens: int
    name: str
    note: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Its cells, in the order of the columns."""
        return (self.task_id, self.status, str(self.runs), str(self.tokens or ""), self.name, self.note)


def rows_of(plan: ActivePlan, state: PlanState) -> list[Row]:
    """Every task, in order of its id."""
    return [
        Row(
            task_id=task_id,
            status=_status(state.tasks[task_id]),
            runs=len(state.tasks[task_id].dispatches),
            tokens=state.tasks[task_id].tokens,
            name=plan.manifests[task_id].name,
            note=_note(state.tasks[task_id]),
        )
        for task_id in sorted(state.tasks, key=order_of)
    ]


def summary_of(state: PlanState) -> str:
    """How the plan stands, on one line."""
    counts: dict[str, int] = {}
    for task in state.tasks.values():
        counts[task.status] = counts.get(task.status, 0) + 1
    parts = [f"{count} {status.replace('_', ' ')}" for status, count in counts.items()]
    used = f", {state.tokens} tokens" if state.tokens else ""
    money = f", {state.cost:.2f} US dollars" if state.cost else ""
    why = f": {state.reason}" if state.reason else ""
    return f"{state.status}{why} ({', '.join(parts)}{used}{money})"


def describe_plan(plan: ActivePlan, state: PlanState) -> dict[str, Any]:
    """Everything about a plan, for programs. ``conductor`` is the process that drives it, None when none does."""
    return {
        "plan_id": plan.plan_id,
        "name": plan.name,
        "branch": plan.branch,
        "base_commit": plan.base_commit,
        "status": state.status,
        "reason": state.reason,
        "conductor": conductor_of(plan.directory),
        "cleaned": read_cleaning(plan.directory) is not None,
        "created_at": plan.created_at,
        "selected": list(plan.selected) if plan.selected is not None else None,
        "tokens": state.tokens,
        "cost": round(state.cost, 6),
        "merges": state.merges,
        "directory": plan.directory,
        "tasks": [describe_task(plan, task_id, state.tasks[task_id]) for task_id in sorted(state.tasks, key=order_of)],
    }


def describe_task(plan: ActivePlan, task_id: str, task: TaskState) -> dict[str, Any]:
    """A task of a plan, for programs."""
    manifest = plan.manifests[task_id]
    return {
        "task_id": task_id,
        "name": manifest.name,
        "description": manifest.description,
        "dependencies": list(manifest.dependencies),
        "status": task.status,
        "phase": task.phase,
        "reason": task.reason,
        "locks": {"reads": list(task.locks.reads), "writes": list(task.locks.writes)},
        "files": {"reads": list(task.files.reads), "writes": list(task.files.writes)},
        "dispatches": [
            {
                "number": one.number,
                "why": one.why,
                "run_id": one.run_id,
                "outcome": one.outcome,
                "tokens": one.tokens,
                "cost": one.cost,
            }
            for one in task.dispatches
        ],
        "run_id": task.run_id,
        "commit": task.commit,
        "merged": task.merged,
        "rescopes": task.rescopes,
        "conflicts": task.conflicts,
        "tokens": task.tokens,
        "cost": task.cost,
        "validators": [dict(one) for one in task.validators],
        "review": {"by": task.review.by, "reason": task.review.reason, "report_path": task.review.report}
        if task.review is not None
        else None,
    }


def _status(task: TaskState) -> str:
    return f"{task.status} ({task.phase})" if task.status == RUNNING and task.phase else task.status


def _note(task: TaskState) -> str:
    if task.status == COMPLETE:
        return task.merged[:12] if task.merged else "nothing to merge"
    return " ".join((task.reason or "").split())
