"""Tokens and money that an agent used."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agency.domain.frozen import frozen


@frozen
class Usage:
    """Tokens, each counted once: ``input`` those that the model read anew (with those it wrote to its cache), ``cached_input``
    those it read from its cache, ``output`` those it wrote, thinking included."""

    input: int = 0
    cached_input: int = 0
    output: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input=self.input + other.input,
            cached_input=self.cached_input + other.cached_input,
            output=self.output + other.output,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            input=self.input - other.input,
            cached_input=self.cached_input - other.cached_input,
            output=self.output - other.output,
        )

    @property
    def total(self) -> int:
        """All tokens."""
        return self.input + self.cached_input + self.output


@frozen
class Spending:
    """What one answer of a model took. ``at`` is seconds since 1970. ``cost`` is US dollars as the agent itself reports them,
    None when it does not. ``key`` is the same for the same answer, however often it is written down; empty when the
    agent tells nothing of the kind: then time, model and usage tell answers apart."""

    at: float
    model: str
    usage: Usage
    cost: float | None = None
    key: str = ""


@frozen
class Price:
    """US dollars for a million tokens of each kind."""

    input: float
    cached_input: float
    output: float

    def of(self, usage: Usage) -> float:
        """US dollars for ``usage``."""
        millionths = self.input * usage.input + self.cached_input * usage.cached_input + self.output * usage.output
        return millionths / 1_000_000


@frozen
class Start:
    """When the launch ``number`` of a run was made, in seconds since 1970."""

    number: int
    at: float


def total_usage(spent: Iterable[Spending]) -> Usage:
    """All tokens of ``spent``."""
    return sum((one.usage for one in spent), Usage())


def each_once(spent: Iterable[Spending]) -> tuple[Spending, ...]:
    """The same, oldest first, where of several lines about one answer the one that counts most stands, at the first of their
    times."""
    known: dict[object, Spending] = {}
    for one in spent:
        answer = one.key or (one.at, one.model, one.usage)
        before = known.get(answer)
        if before is not None:
            fuller = one if one.usage.total >= before.usage.total else before
            one = replace(fuller, at=min(one.at, before.at))
        known[answer] = one
    return tuple(sorted(known.values(), key=lambda one: one.at))


def by_launch(spent: Iterable[Spending], starts: Sequence[Start]) -> list[tuple[Start, tuple[Spending, ...]]]:
    """Each launch with what was spent from it until the next; what came before the first belongs to the first."""
    in_order = sorted(starts, key=lambda start: (start.at, start.number))
    parts: list[list[Spending]] = [[] for _ in in_order]
    moments = [start.at for start in in_order]
    for one in spent:
        if parts:
            parts[max(0, bisect_right(moments, one.at) - 1)].append(one)
    return [(start, tuple(part)) for start, part in zip(in_order, parts, strict=True)]
