"""The end of a plan: how it stands is told and kept, and nothing that it used is left."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agency.domain.plandata import PlanEnded, PlanPaused
from agency.domain.planend import PlanEnd, end_of_plan
from agency.domain.planevents import RUN_BLOCKED, RUN_COMPLETE, RUN_PAUSED
from agency.domain.planstate import COMPLETE, HALTED, PAUSED, PENDING
from agency.plans.integration import discard_integration
from agency.plans.judgetree import discard_judging
from agency.plans.report import sum_up

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


def end_plan(conductor: "Conductor", dependencies: Mapping[str, Sequence[str]], blocked: str | None) -> None:
    """Nothing is left to do: say how the plan stands, and drive it no longer. ``blocked`` is why finished tasks cannot be
    merged."""
    conductor.over = True
    end = end_of_plan(conductor.state, dependencies, conductor.plan.settings.limits, blocked=blocked)
    if end.status != COMPLETE:
        kind = RUN_PAUSED if end.status == PAUSED else RUN_BLOCKED
        conductor.log(kind(_told(conductor, end)), durable=True)
    discard_integration(conductor.context, conductor.plan)
    discard_judging(conductor.context, conductor.plan)
    after = replace(conductor.state, status=end.status, reason=end.reason)
    sum_up(conductor, after)
    ended: PlanEnded = {"status": end.status}
    if end.reason:
        ended["reason"] = end.reason
    conductor.log(RUN_COMPLETE(ended), durable=True)
    conductor.save(after)


def _told(conductor: "Conductor", end: PlanEnd) -> PlanPaused:
    halted = conductor.state.of_status(*HALTED)
    return {
        "reason": end.why,
        "message": end.reason or "",
        "blocked_task_count": len(halted),
        "blocked_tasks": list(halted),
        "pending_task_count": len(conductor.state.of_status(PENDING)),
        "waiting": {name: list(left) for name, left in end.waiting.items()},
        "resume_command": f"agency plan resume {conductor.plan.plan_id}",
    }
