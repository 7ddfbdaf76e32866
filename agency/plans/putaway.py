"""Putting away the runs of a task: archived, so that a restore can bring each back."""

from collections.abc import Mapping
from typing import Any

from agency.plans.active import ActivePlan
from agency.plans.dispatch import runs_of_plan
from agency.sessions.archive import Archiving, archive_run
from agency.sessions.context import Context
from agency.sessions.finished import note_landed
from agency.sessions.stop import kill_run


def put_runs_away(context: Context, plan: ActivePlan, task_id: str | None, merged: str | None) -> Mapping[str, Any]:
    """Archive the present runs of a task (None: of all tasks), with their sessions and branches; how many those were.

    ``merged`` is the commit with which the branch got the work, None where it did not. Raises what archiving may raise.
    """
    count = 0
    for run in runs_of_plan(context, plan):
        assert run.task is not None
        if task_id is not None and run.task.task_id != task_id:
            continue
        kill_run(context, run)
        if merged is not None:
            with context.lock(run.repo_id):
                run = note_landed(context, run, target=plan.branch, commit=merged, strategy="plan")
        how = Archiving(discard=True, delete_branch=True, force=True, script=True, recheck=lambda: None)
        archive_run(context, run, plan.repo, how, lambda chunk: None)
        count += 1
    return {"count": count}
