"""When an attempt that runs is to be ended: what the worker sees of it, and the timer that has run out."""

from typing import Literal

from agency.domain.budgets import Budgets
from agency.domain.clock import ActiveClock
from agency.domain.frozen import frozen

Trip = Literal["exited", "idle", "wall"]
"""The runner ended by itself; it told nothing new for too long; the attempt took too long."""


@frozen
class Watched:
    """``waiting``: the runner waits for a permission. ``taken_over``: a person works in its place."""

    clock: ActiveClock
    exited: bool = False
    waiting: bool = False
    taken_over: bool = False


def trip(seen: Watched, budgets: Budgets) -> Trip | None:
    """What ends the attempt now: its own end before all else, then the idle timer, then the one of the whole attempt. While it
    waits for a person or is in a person's hands no timer runs out."""
    if seen.exited:
        return "exited"
    if seen.waiting or seen.taken_over:
        return None
    if 0 < budgets.idle_timeout_seconds <= seen.clock.idle:
        return "idle"
    if 0 < budgets.timeout_seconds <= seen.clock.active:
        return "wall"
    return None
