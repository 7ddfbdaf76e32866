"""Tokens and money that an agent used."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one answer of a model took. ``at`` is seconds since 1970. ``cost`` is US dollars as the agent itself reports them,
    None when it does not."""

    at: float
    model: str
    usage: Usage
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens of each kind."""

    input: float
    cached_input: float
    output: float

    def of(self, usage: Usage) -> float:
        """US dollars for ``usage``."""
        millionths = self.input * usage.input + self.cached_input * usage.cached_input + self.output * usage.output
        return millionths / 1_000_000


def total_usage(spent: Iterable[Spending]) -> Usage:
    """All tokens of ``spent``."""
    return sum((one.usage for one in spent), Usage())
