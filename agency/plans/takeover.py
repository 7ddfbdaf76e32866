"""What a conductor finds when it begins: merges that were half done, sessions that live on, workers that ended or are gone."""

from dataclasses import replace
from typing import TYPE_CHECKING

from agency.domain.planevents import (
    MERGE_MOVED,
    MERGE_MOVING,
    PLAN_SESSION_EXITED,
    PLAN_SESSION_REATTACH,
    RUN_RESUME,
)
from agency.domain.planrules import over_limit, plan_over_limit
from agency.domain.planstate import PAUSED, RUNNING, VALIDATED, WORKING
from agency.plans.merging import finish_merge
from agency.plans.move import settle_move
from agency.plans.revive import revive
from agency.plans.watch import look_at

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


def take_over(conductor: "Conductor") -> None:
    """Bring what is known in line with what is there; workers that live are left to their work."""
    _settle_merge(conductor)
    _unpause(conductor)
    working = {
        task_id: run
        for task_id in conductor.state.of_status(RUNNING)
        if conductor.state.tasks[task_id].phase == WORKING
        if (run := conductor.run_of(task_id)) is not None
    }
    resumed = any(event["event"] == RUN_RESUME.name for event in conductor.plan.log.read())
    seen = look_at(conductor.context, working.values()) if resumed else {}
    for task_id, run in working.items() if resumed else ():
        found = seen[run.run_id]
        ended = conductor.watch.outcome(run)
        if found.alive:
            told = {
                "session": run.session_name,
                "run_id": run.run_id,
                "pane_pid": found.pane_pid,
                "running": ended is None,
            }
            conductor.log(PLAN_SESSION_REATTACH(told), task_id, durable=True)  # type: ignore[arg-type]
        elif ended is not None:
            exited = {"session": run.session_name, "run_id": run.run_id, "exit_code": found.exit_code}
            conductor.log(PLAN_SESSION_EXITED(exited), task_id)  # type: ignore[arg-type]
        else:
            revive(conductor, task_id, run, found, always=True)


def _settle_merge(conductor: "Conductor") -> None:
    """Finish the merge that a conductor before was killed in, where the branch was moved."""
    events = conductor.plan.log.read()
    moved = {event["data"]["new"] for event in events if event["event"] == MERGE_MOVED.name}
    begun = [event["data"] for event in events if event["event"] == MERGE_MOVING.name]
    for moving in begun[-1:]:
        waits = [task for task in moving["tasks"] if conductor.state.tasks[task].status == VALIDATED]
        if waits and (moving["new"] in moved or settle_move(conductor.context, conductor.plan, moving)):
            finish_merge(conductor, waits, moving["new"])


def _unpause(conductor: "Conductor") -> None:
    """Let tasks go on that were paused by a limit which a person has raised."""
    limits = conductor.plan.settings.limits
    blocks = limits.mode == "block"
    for task_id in conductor.state.of_status(PAUSED):
        task = conductor.state.tasks[task_id]
        if blocks and (over_limit(task, limits) or plan_over_limit(conductor.state, limits)):
            continue
        if task.phase is not None:
            conductor.put(task_id, replace(task.moved(RUNNING, phase=task.phase), reason=None))
        else:
            conductor.put(task_id, replace(task.moved(VALIDATED), reason=None))
