"""Putting away the runs that a plan is done with: archived, so that a restore can bring each back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agency.domain.planstate import DONE, PENDING, PlanState
from agency.domain.run import Run
from agency.plans.active import ActivePlan
from agency.plans.deed import Result
from agency.plans.dispatch import runs_of_plan
from agency.sessions.archive import Archiving, archive_run
from agency.sessions.context import Context
from agency.sessions.finished import note_landed
from agency.sessions.stop import kill_run

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


def tidy_up(conductor: "Conductor") -> None:
    """Begin to put away what the plan is done with."""
    context, plan, state = conductor.context, conductor.plan, conductor.state

    def ended(result: Result) -> None:
        if result.error is not None and result.error.code != "E_INTERRUPTED":
            conductor.tell(f"runs that are done stay: {result.error}")
        elif result.told is not None and result.told["failed"]:
            conductor.tell(f"runs that are done stay: {result.told['failed']}")

    conductor.start("archive", (), lambda: put_runs_away(context, plan, state), ended)


def put_runs_away(context: Context, plan: ActivePlan, state: PlanState) -> Mapping[str, Any]:
    """Archive the present runs that the plan is done with, with their sessions and branches; how many (``count``), and why others
    could not be (``failed``)."""
    count, failed = 0, []
    for run in runs_of_plan(context, plan):
        if not is_done_with(run, plan, state):
            continue
        try:
            _put_away(context, plan, run, state)
            count += 1
        except Exception as error:
            failed.append(f"{run.name}: {error}")
    return {"count": count, "failed": "; ".join(failed)}


def is_done_with(run: Run, plan: ActivePlan, state: PlanState) -> bool:
    """Whether the plan needs a run no longer: its task is done, or will be given another run or has one."""
    assert run.task is not None
    task = state.tasks.get(run.task.task_id)
    if task is None:
        return False
    if task.status in DONE:
        return plan.settings.cleanup == "on_success" or task.dispatch is None or run.task.number != task.dispatch.number
    return task.status == PENDING or (task.dispatch is not None and run.task.number < task.dispatch.number)


def _put_away(context: Context, plan: ActivePlan, run: Run, state: PlanState) -> None:
    kill_run(context, run)
    run = note_merged(context, plan, run, state)
    how = Archiving(discard=True, delete_branch=True, force=True, script=True, recheck=lambda: None)
    archive_run(context, run, plan.repo, how, lambda chunk: None)


def note_merged(context: Context, plan: ActivePlan, run: Run, state: PlanState) -> Run:
    """The run, noted as merged where it is the one whose work is in the branch."""
    task = state.tasks.get(run.task.task_id) if run.task is not None else None
    if task is None or task.merged is None or run.merged_at is not None:
        return run
    if task.dispatch is None or run.task is None or task.dispatch.number != run.task.number:
        return run
    with context.lock(run.repo_id):
        return note_landed(context, run, target=plan.branch, commit=task.merged, strategy="plan")
