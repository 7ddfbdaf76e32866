"""A run whose worker is gone though its job has not ended: its worker is started again, in the same worktree and conversation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agency.domain.planevents import PLAN_SESSION_MISSING
from agency.domain.planrules import MAX_REVIVALS, reviewed
from agency.domain.planstate import RUNNING, WORKING
from agency.domain.run import Run
from agency.plans import outcome
from agency.plans.deed import Result
from agency.plans.watch import Seen
from agency.sessions.context import Context
from agency.sessions.resume import ResumeRequest, resume_run

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


def revive(conductor: "Conductor", task_id: str, run: Run, seen: Seen, *, always: bool = False) -> None:
    """Start the worker of a run again. A session that a person ended is left to that person, unless ``always``."""
    task = conductor.state.tasks[task_id]
    if seen.ended_by_person and not always:
        ended = task.with_dispatch(outcome="stopped")
        outcome.settle(conductor, task_id, reviewed(ended, "session", f"the session of {run.name} was ended by hand"))
        return
    missing = {"session": run.session_name, "run_id": run.run_id}
    conductor.log(PLAN_SESSION_MISSING(missing), task_id)  # type: ignore[arg-type]
    if task.revivals >= MAX_REVIVALS:
        lost = task.with_dispatch(outcome="lost")
        outcome.fail(conductor, task_id, lost, f"its worker was lost {task.revivals + 1} times")
        return
    conductor.put(task_id, replace(task, revivals=task.revivals + 1))
    context = conductor.context
    conductor.start(
        "revive", (task_id,), lambda: _resumed(context, run), lambda result: _after(conductor, task_id, result)
    )


def _resumed(context: Context, run: Run) -> Mapping[str, Any]:
    request = ResumeRequest(detached=True, restart=False, yes=True, fresh=False, confirm=None)
    resumed = resume_run(context, run, request)
    return {"event": resumed.event if resumed is not None else None}


def _after(conductor: "Conductor", task_id: str, result: Result) -> None:
    task = conductor.state.tasks[task_id]
    if result.error is None or task.status != RUNNING or task.phase != WORKING:
        return
    if result.died or result.error.code in ("E_INTERRUPTED", "E_JOB_ENDED"):
        return
    outcome.fail(conductor, task_id, task.with_dispatch(outcome="lost"), str(result.error))
