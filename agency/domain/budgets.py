"""How much a job may take before a person is asked: attempts, time, repeated failures, resets."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agency.domain.frozen import frozen

BUDGET_KEYS = {
    "max_attempts": "max_attempts",
    "timeout": "timeout_seconds",
    "idle_timeout": "idle_timeout_seconds",
    "no_progress_limit": "no_progress_limit",
    "max_resets": "max_resets",
}
"""Key in a config or a job file -> budget."""


@frozen
class Budgets:
    """``max_attempts`` is for each step, ``timeout_seconds`` and ``idle_timeout_seconds`` for each of its attempts;
    ``no_progress_limit`` is how many equal failures in a row count as stuck, ``max_resets`` how often the worktree is rebuilt in
    the whole job. 0 switches a time, the limit, or resets off."""

    max_attempts: int = 3
    timeout_seconds: float = 900.0
    idle_timeout_seconds: float = 300.0
    no_progress_limit: int = 2
    max_resets: int = 1

    def as_record(self) -> dict[str, Any]:
        """As records tell it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Budgets":
        """The budgets of a record. Raises KeyError, TypeError or ValueError when it holds none."""
        return cls(
            max_attempts=int(record["max_attempts"]),
            timeout_seconds=float(record["timeout_seconds"]),
            idle_timeout_seconds=float(record["idle_timeout_seconds"]),
            no_progress_limit=int(record["no_progress_limit"]),
            max_resets=int(record["max_resets"]),
        )
