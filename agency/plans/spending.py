"""What the tasks of a plan use, counted after every attempt, and what follows when a limit is crossed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agency.domain.planevents import BUDGET_BLOCK, BUDGET_WARN, TASK_PAUSED
from agency.domain.planrules import Crossing, crossings, over_limit, paused, plan_over_limit
from agency.domain.planstate import DISPATCHING, RUNNING, VALIDATED, PlanState
from agency.domain.run import Run
from agency.plans.deed import Result
from agency.sessions.context import Context
from agency.sessions.stop import kill_run

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


def count_spendings(conductor: "Conductor") -> None:
    """Count anew; tasks that may use no more are paused, where the limits say so."""
    before = conductor.state
    after = before
    for task_id in before.of_status(RUNNING, VALIDATED):
        run = conductor.run_of(task_id)
        if run is None:
            continue
        spent, task = conductor.watch.spent(conductor.context, run, conductor.prices), before.tasks[task_id]
        last = task.dispatch
        if last is not None and (last.tokens, last.cost) != (spent.tokens, spent.cost):
            after = after.with_task(task_id, task.with_dispatch(tokens=spent.tokens, cost=spent.cost))
    keep_spendings(conductor, before, after)


def keep_spendings(conductor: "Conductor", before: PlanState, after: PlanState) -> None:
    """Keep a state in which more was used than ``before``; limits that this crosses are told, and pause where they are to."""
    limits = conductor.plan.settings.limits
    for crossing in crossings(before, after, limits):
        _tell(conductor, crossing, limits.mode)
    conductor.save(after)
    if limits.mode == "block":  # also what had crossed before this conductor began, or a limit that was lowered
        _pause(conductor, after)


def _tell(conductor: "Conductor", crossing: Crossing, mode: str) -> None:
    kind = BUDGET_BLOCK if mode == "block" else BUDGET_WARN
    told: Any = {
        "scope": crossing.scope,
        "kind": crossing.kind,
        "limit": crossing.limit,
        "value": crossing.value,
        "mode": mode,
    }
    conductor.log_once(kind(told), "scope", "kind", "limit", task_id=crossing.task_id)
    who = f"task {crossing.task_id}" if crossing.task_id else "the plan"
    conductor.tell(f"{who} crossed its limit of {crossing.limit:g} {crossing.kind}: {crossing.value:g}")


def _pause(conductor: "Conductor", state: PlanState) -> None:
    limits = conductor.plan.settings.limits
    whole = plan_over_limit(state, limits)
    for task_id in state.of_status(RUNNING, VALIDATED):
        task = conductor.state.tasks[task_id]
        why = over_limit(task, limits) or whole
        if why is None or task.approved or task.phase == DISPATCHING:  # once its run is there, it is paused with that
            continue
        run = conductor.run_of(task_id)
        conductor.log(TASK_PAUSED({"reason": why}), task_id)
        conductor.put(task_id, paused(task, why))
        if run is not None:
            _end(conductor, run)


def _end(conductor: "Conductor", run: Run) -> None:
    context = conductor.context
    conductor.start("end", (), lambda: _killed(context, run), _passed_over)


def _killed(context: Context, run: Run) -> Mapping[str, Any]:
    return {"done": kill_run(context, run)}


def _passed_over(result: Result) -> None:
    """Whether it had a session does not matter."""
