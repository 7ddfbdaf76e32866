"""The events of a plan as one log: those of its conductor and those of the runs of its tasks, in the order of time."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any

from agency.domain.frozen import frozen

OF_PLAN = "plan"
"""The source of what the conductor wrote; that of what a run wrote is the id of the run."""


@frozen
class LogEvent:
    """One event. ``source`` is :data:`OF_PLAN` or a run id; ``task_id`` the task that it is about, None for the whole; ``raw``
    the line as it was written, ``data`` what that tells besides its envelope."""

    source: str
    seq: int
    timestamp: str
    event: str
    task_id: str | None
    raw: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[str, bool, str, int]:
        """What events are sorted by: time, of the same moment first those of the plan, of one source as they were written."""
        return (self.timestamp, self.source != OF_PLAN, self.source, self.seq)


@frozen
class LogQuery:
    """What is asked for: about one task, of events that fit a pattern (``doctor.*``), whose line holds a text. None: any."""

    task_id: str | None = None
    event: str | None = None
    text: str | None = None

    @property
    def prefix(self) -> str:
        """What the name of every event begins with that fits."""
        name = self.event or ""
        return name[: min((name.index(sign) for sign in "*?[" if sign in name), default=len(name))]

    def fits(self, event: LogEvent) -> bool:
        """Whether the event is asked for."""
        return (
            (self.task_id is None or event.task_id == self.task_id)
            and (self.event is None or fnmatchcase(event.event, self.event))
            and (self.text is None or self.text in event.raw)
        )


def log_event(value: Mapping[str, Any], raw: str, *, source: str, task_id: str | None) -> LogEvent | None:
    """The event of a line, None when it is none. ``task_id`` is the task of the run that wrote it."""
    name, data, seq = value.get("event"), value.get("data"), value.get("seq")
    if not isinstance(name, str):
        return None
    told = value.get("task_id")
    return LogEvent(
        source=source,
        seq=seq if isinstance(seq, int) else 0,
        timestamp=str(value.get("timestamp") or ""),
        event=name,
        task_id=task_id if task_id is not None else str(told) if told is not None else None,
        raw=raw,
        data=data if isinstance(data, dict) else {},
    )


def tasks_of(event: LogEvent) -> tuple[str, ...]:
    """The tasks that an event about several is about."""
    told = event.data.get("tasks")
    return tuple(str(one) for one in told) if isinstance(told, list) else ()


def in_order(events: Iterable[LogEvent]) -> list[LogEvent]:
    """The events in the order of time."""
    return sorted(events, key=lambda event: event.order)
