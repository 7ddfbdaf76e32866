"""What a rule of the status is, and the verdict that it gives."""

from collections.abc import Callable
from dataclasses import dataclass

from agency.domain.facts import RunFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A status, the rule that produced it and a short text for a list."""

    status: str
    rule: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table: when it applies, and the status and summary it gives."""

    name: str
    says: str
    applies: Callable[[RunFacts], bool]
    status: Callable[[RunFacts], str]
    summary: Callable[[RunFacts], str]
