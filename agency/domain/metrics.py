"""What the end of an attempt counts, as metrics for StatsD. Names and order of tags are what dashboards were built on."""

import re
from typing import Literal

from agency.domain.frozen import frozen
from agency.domain.redaction import Redactor

ATTEMPTS = "task.self_heal.attempts_total"
RECOVERED = "task.self_heal.recovered_total"
EXHAUSTED = "task.self_heal.exhausted_total"
DURATION = "task.step.duration_seconds"
WALL_TIMEOUT = "task.step.wall_timeout_total"
IDLE_TIMEOUT = "task.step.idle_timeout_total"
NO_PROGRESS = "task.step.no_progress_total"

Kind = Literal["counter", "timer"]
Tags = tuple[tuple[str, str], ...]

_TYPES: dict[Kind, str] = {"counter": "c", "timer": "ms"}
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9_.-]")


@frozen
class Metric:
    """A count, or a time in milliseconds, with what it is told apart by."""

    name: str
    kind: Kind
    value: int
    tags: Tags = ()


@frozen
class AttemptEnd:
    """How an attempt ended.

    ``failure_class`` is None of a success; ``recovered_from`` is then the class of the failure before it, if there was one.
    ``strategy`` is what the attempt was started by, or what its failure leads to. ``duration`` is seconds. ``timeout`` tells
    which clock ended it. ``recovered``: it succeeded after another, a reset or a command of the operator. ``exhausted``: its
    step is given up, because nothing is left to try or nothing may be tried. ``no_progress``: it reached the limit of equal
    failures.
    """

    step: str
    attempt: int
    outcome: str
    duration: float
    failure_class: str | None = None
    recovered_from: str | None = None
    strategy: str | None = None
    timeout: Literal["wall", "idle"] | None = None
    recovered: bool = False
    exhausted: bool = False
    no_progress: bool = False


def attempt_metrics(end: AttemptEnd, redactor: Redactor) -> list[Metric]:
    """What is to be sent once of each attempt that ends, however it ends."""

    def tags(*, failure_class: str | None = None, strategy: str | None = None, outcome: str | None = None) -> Tags:
        given = {
            "class": failure_class,
            "strategy": strategy,
            "outcome": outcome,
            "step": end.step,
            "attempt": str(end.attempt),
        }
        return tuple((name, _NOT_IN_A_TAG.sub("_", redactor.text(value))) for name, value in given.items() if value)

    of_step = tags()
    metrics = [
        _count(ATTEMPTS, tags(failure_class=end.failure_class, strategy=end.strategy, outcome=end.outcome)),
        Metric(name=DURATION, kind="timer", value=round(max(0.0, end.duration) * 1000), tags=of_step),
    ]
    if end.recovered:
        metrics.append(_count(RECOVERED, tags(failure_class=end.recovered_from, strategy=end.strategy)))
    if end.exhausted:
        metrics.append(_count(EXHAUSTED, tags(failure_class=end.failure_class, strategy=end.strategy)))
    if end.timeout is not None:
        metrics.append(_count(WALL_TIMEOUT if end.timeout == "wall" else IDLE_TIMEOUT, of_step))
    if end.no_progress:
        metrics.append(_count(NO_PROGRESS, of_step))
    return metrics


def datagram(metric: Metric, prefix: str) -> bytes:
    """The line that StatsD is sent, with tags as DogStatsD, Telegraf and the exporter of Prometheus read them."""
    name = f"{prefix.rstrip('.')}.{metric.name}" if prefix else metric.name
    tags = ",".join(f"{key}:{value}" for key, value in metric.tags)
    line = f"{name}:{metric.value}|{_TYPES[metric.kind]}" + (f"|#{tags}" if tags else "")
    return line.encode("utf-8", "replace")


def _count(name: str, tags: Tags) -> Metric:
    return Metric(name=name, kind="counter", value=1, tags=tags)
