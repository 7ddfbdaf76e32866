"""What went wrong in a plan: events that tell of a failure, grouped by what they have in common."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.planlog import LogEvent

EXAMPLES = 3
_SHOWN = 200

Data = Mapping[str, Any]


@frozen
class Example:
    """One of the failures of a group: when, of which task (None: the plan), and what it says."""

    timestamp: str
    task_id: str | None
    text: str


@frozen
class FailureGroup:
    """Failures of one kind: the event, what they have in common, how many there are, and the first of them."""

    event: str
    kind: str
    count: int
    tasks: tuple[str, ...]
    examples: tuple[Example, ...]


def failures_of(events: Iterable[LogEvent]) -> list[FailureGroup]:
    """The failures among ``events``, those first of which there are most, of as many those that came first."""
    groups: dict[tuple[str, str], list[LogEvent]] = {}
    for event in events:
        kind = _KINDS.get(event.event)
        told = kind(event.data) if kind is not None else None
        if told is not None:
            groups.setdefault((event.event, told), []).append(event)
    found = [_group(name, kind, members) for (name, kind), members in groups.items()]
    return sorted(found, key=lambda group: -group.count)


def _group(name: str, kind: str, members: list[LogEvent]) -> FailureGroup:
    return FailureGroup(
        event=name,
        kind=kind,
        count=len(members),
        tasks=tuple(dict.fromkeys(event.task_id for event in members if event.task_id is not None)),
        examples=tuple(
            Example(timestamp=event.timestamp, task_id=event.task_id, text=_text(event)) for event in members[:EXAMPLES]
        ),
    )


def _text(event: LogEvent) -> str:
    data = event.data
    for key in ("summary", "message", "reason", "paths", "violations", "files", "detail"):
        if data.get(key):
            told = data[key]
            if isinstance(told, list):
                told = ", ".join(str(one.get("path") if isinstance(one, dict) else one) for one in told)
            flat = " ".join(str(told).split())
            return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 3]}..."
    return str(data.get("session") or "")


def _exit(data: Data) -> str:
    code = data.get("exit_code")
    return "out of time" if code is None else f"exit code {code}"


def _by(key: str) -> Callable[[Data], str]:
    return lambda data: str(data.get(key) or "")


_KINDS: Mapping[str, Callable[[Data], str | None]] = {
    "task.step.attempt.failed": lambda data: str(data.get("failureClass") or data.get("timeoutReason") or "failed"),
    "task.self_heal.exhausted": lambda data: "no further attempt",
    "task.failed": lambda data: "task",
    "task.rescope.failed": lambda data: "rescope",
    "session.missing": lambda data: "session",
    "session.ended": lambda data: None if data.get("outcome") == "done" else str(data.get("outcome")),
    "doctor.fail": _exit,
    "lint.fail": _exit,
    "verify.fast.fail": _exit,
    "tdd.stage.fail": _by("reason"),
    "bootstrap.cmd.fail": _exit,
    "doctor.integration.fail": _exit,
    "doctor.canary.unexpected_pass": lambda data: "canary" if data.get("severity") == "error" else None,
    "validator.fail": _by("validator"),
    "validator.error": _by("validator"),
    "validator.block": _by("validator"),
    "manifest.compliance.block": lambda data: "not declared",
    "merge.conflict": _by("action"),
    "merge.blocked": _by("reason"),
    "budget.block": _by("kind"),
    "run.blocked": _by("reason"),
    "run_create_failed": _by("error_code"),
}
"""Event -> what those have in common that are counted together; None where it tells of no failure."""
