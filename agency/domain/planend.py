"""How a plan stands in which nothing is left to do, and why it is not complete."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from agency.domain.frozen import frozen
from agency.domain.planrules import candidates, done_tasks, plan_over_limit
from agency.domain.plansettings import Limits
from agency.domain.planstate import HALTED, PENDING, VALIDATED, PlanState
from agency.domain.schedule import Standstill, standstill


@frozen
class PlanEnd:
    """``status`` is ``complete``, ``paused`` or ``failed``; ``why`` is a word for programs and ``reason`` a sentence, where it is
    not complete. ``waiting`` tells for each task that waits what it waits for."""

    status: str
    why: str = ""
    reason: str | None = None
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def end_of_plan(
    state: PlanState, dependencies: Mapping[str, Sequence[str]], limits: Limits, *, blocked: str | None
) -> PlanEnd:
    """The end of a plan. ``blocked`` is why finished tasks cannot be merged, where some wait for that."""
    halted, pending, merging = state.of_status(*HALTED), state.of_status(PENDING), state.of_status(VALIDATED)
    over = plan_over_limit(state, limits) if limits.mode == "block" else None
    if over is not None and (pending or halted):
        return PlanEnd(status="paused", why="budget", reason=over)
    end = _of_halted(halted)
    if pending:
        still = standstill(
            candidates(state, dependencies),
            done=done_tasks(state),
            halted=(*halted, *merging),
            known=set(state.tasks),
        )
        end = _of_pending(end, pending, still)
    if merging:
        waits = f"waiting to merge: {blocked}"
        reason = f"{waits}; {end.reason}" if end.reason else waits
        end = PlanEnd(status="paused", why="merge_blocked", reason=reason, waiting=end.waiting)
    return end


def _of_halted(halted: Sequence[str]) -> PlanEnd:
    if not halted:
        return PlanEnd(status="complete")
    count = len(halted)
    reason = f"{count} task{' needs' if count == 1 else 's need'} a person: {', '.join(halted)}"
    return PlanEnd(status="paused", why="blocked_tasks", reason=reason)


def _of_pending(end: PlanEnd, pending: Sequence[str], still: Standstill | None) -> PlanEnd:
    if still is None:
        reason = end.reason or f"{len(pending)} tasks were not begun"
        return PlanEnd(status="paused", why=end.why or "blocked_tasks", reason=reason)
    named = "; ".join(f"{name} waits for {', '.join(left)}" for name, left in still.waiting.items())
    if still.kind == "blocked_dependencies":
        reason = f"{end.reason}; {named}" if end.reason else named
        return PlanEnd(status="paused", why=still.kind, reason=reason, waiting=still.waiting)
    told = f"{still.kind.replace('_', ' ')}: {named}"
    return PlanEnd(status="failed", why=still.kind, reason=told, waiting=still.waiting)
