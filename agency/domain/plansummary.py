"""A plan in numbers, from its state and what happened in it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from agency.domain.planlog import OF_PLAN, LogEvent
from agency.domain.plansettings import PlanSettings
from agency.domain.planstate import PlanState

SCHEMA_VERSION = "1.0"


def summary_record(events: Sequence[LogEvent], state: PlanState, settings: PlanSettings) -> dict[str, Any]:
    """The part of the report that follows from ``events``, in the order of time, and from how the plan stands.

    ``avg_batch_size`` counts tasks that were begun together, ``fallback_repo_root_count`` tasks that hold what belongs to no
    resource; ``checkset_seconds_total`` are the seconds of doctors that looked at components only. None: nothing to count.
    """
    control = settings.control_plane
    enabled = bool(control.get("enabled"))
    fallback = (
        str(control.get("fallback_resource") or settings.fallback_resource) if enabled else settings.fallback_resource
    )
    counts: dict[str, int] = {}
    for task in state.tasks.values():
        counts[task.status] = counts.get(task.status, 0) + 1
    told = [event.event for event in events]
    impacted = [
        len(event.data.get("impacted_components") or ()) for event in events if event.event == "task.blast_radius"
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "status": state.status,
        "reason": state.reason,
        "tasks": counts,
        "control_plane": {
            "enabled": enabled,
            "lock_mode": control.get("lock_mode", "declared"),
            "scope_mode": control.get("scope_mode", "enforce"),
        },
        "metrics": {
            "scope_violations": {
                "warn_count": told.count("manifest.compliance.warn"),
                "block_count": told.count("manifest.compliance.block"),
            },
            "fallback_repo_root_count": sum(fallback in task.locks.writes for task in state.tasks.values()),
            "avg_impacted_components": _average(impacted),
            "doctor_seconds_total": round(_integration_seconds(events) + sum(_task_doctors(events).values()), 3),
            "checkset_seconds_total": round(_scoped_seconds(events), 3),
            "derived_lock_mode_enabled": enabled and control.get("lock_mode") == "derived",
            "avg_batch_size": _average(batch_sizes(events)),
            "dispatches": sum(len(task.dispatches) for task in state.tasks.values()),
            "failed_attempts": told.count("task.step.attempt.failed"),
            "conflicts": told.count("merge.conflict"),
            "merges": told.count("merge.moved"),
            "tokens": state.tokens,
            "cost": round(state.cost, 6),
        },
    }


def batch_sizes(events: Iterable[LogEvent]) -> list[int]:
    """How many tasks were begun together, each time some were: dispatches between which the conductor told of nothing else."""
    sizes: list[int] = []
    together = False
    for event in sorted((event for event in events if event.source == OF_PLAN), key=lambda event: event.seq):
        if event.event == "task.dispatch":
            if together:
                sizes[-1] += 1
            else:
                sizes.append(1)
        together = event.event == "task.dispatch"
    return sizes


def _average(numbers: Sequence[int]) -> float | None:
    return round(sum(numbers) / len(numbers), 3) if numbers else None


def _integration_seconds(events: Iterable[LogEvent]) -> float:
    return sum(
        float(event.data.get("duration_ms") or 0) / 1000
        for event in events
        if event.event in ("doctor.integration.pass", "doctor.integration.fail")
    )


def _task_doctors(events: Iterable[LogEvent]) -> dict[tuple[str | None, str], float]:
    """The seconds that doctors of tasks took, by task and command."""
    begun: dict[str, str] = {}
    seconds: dict[tuple[str | None, str], float] = {}
    for event in events:
        if event.event == "doctor.start":
            begun[event.source] = event.timestamp
        elif event.event in ("doctor.pass", "doctor.fail") and event.source in begun:
            key = (event.task_id, str(event.data.get("command")))
            seconds[key] = seconds.get(key, 0.0) + _between(begun.pop(event.source), event.timestamp)
    return seconds


def _scoped_seconds(events: Sequence[LogEvent]) -> float:
    scoped = {
        (event.task_id, str(event.data.get("command")))
        for event in events
        if event.event == "task.checkset" and event.data.get("enforced") and event.data.get("reason") is None
    }
    return sum(seconds for key, seconds in _task_doctors(events).items() if key in scoped)


def _between(begin: str, end: str) -> float:
    try:
        return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())
    except ValueError:
        return 0.0
