"""What a rule of the status is, and the verdict that it gives."""

from collections.abc import Callable

from agency.domain.facts import RunFacts
from agency.domain.frozen import frozen


@frozen
class Verdict:
    """A status, the rule that produced it and a short text for a list."""

    status: str
    rule: str
    summary: str


@frozen
class Rule:
    """One row of the table: when it applies, and the status and summary it gives."""

    name: str
    says: str
    applies: Callable[[RunFacts], bool]
    status: Callable[[RunFacts], str]
    summary: Callable[[RunFacts], str]
