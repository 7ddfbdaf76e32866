"""Time in which an attempt was really active, so that a suspended machine, a stopped process or a person at work counts for
nothing."""

from dataclasses import replace

from agency.domain.frozen import frozen

LONGEST_TICK = 5.0
"""Seconds that count at most from one look to the next: who looks once a second and comes ten minutes late was asleep."""


@frozen
class ActiveClock:
    """``active`` seconds since the start of the attempt, and how many of them had passed when there was progress last."""

    active: float = 0.0
    progress_at: float = 0.0

    @property
    def idle(self) -> float:
        """Active seconds since the last progress."""
        return self.active - self.progress_at

    def add(self, elapsed: float) -> "ActiveClock":
        """The clock after ``elapsed`` more seconds of a monotonic clock, of which :data:`LONGEST_TICK` count at most. While
        nothing should count, nothing is added."""
        return replace(self, active=self.active + min(max(0.0, elapsed), LONGEST_TICK))

    def progressed(self) -> "ActiveClock":
        """The clock when there is progress now."""
        return replace(self, progress_at=self.active)
