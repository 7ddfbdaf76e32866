"""Watching one program of an attempt, the runner or the check of a step: what it says, whether it gets on, how it ends."""

import codecs
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from agency.domain import watch as rules
from agency.domain.budgets import Budgets
from agency.domain.clock import ActiveClock
from agency.domain.frozen import frozen
from agency.domain.progress import Output
from agency.tools.process import Attended

_TICK = 0.2
"""Seconds between two looks at what the runner says of itself and at what operators ask for."""


@dataclass(slots=True, kw_only=True)
class End:
    """How a program ended. ``timeout`` is ``idle`` or ``wall``, ``interrupted`` why somebody had it ended: with either it may
    still run. ``seconds`` it took, ``idle`` seconds since it last got on, both without the time that the machine was suspended or
    that it waited for a person."""

    timeout: str | None = None
    interrupted: str | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    idle: float = 0.0

    @property
    def signal(self) -> str | None:
        """The name of the signal that ended it, None when none did."""
        if self.exit_code is None or self.exit_code >= 0:
            return None
        try:
            return signal.Signals(-self.exit_code).name
        except ValueError:
            return f"signal {-self.exit_code}"


@frozen
class Watcher:
    """What is asked while a program works. ``on_output`` and ``on_complaint`` take what it prints, ``on_waiting`` that it waits
    for a person, and with None that it no longer does. ``interrupt`` gives the reason to end it, ``waits`` what it asks a person,
    ``changed_ago`` how many seconds ago the worktree last changed: None when it has not since that was last asked."""

    budgets: Budgets
    on_output: Callable[[str], None]
    on_complaint: Callable[[str], None]
    on_waiting: Callable[[str | None], None]
    interrupt: Callable[[], str | None]
    waits: Callable[[], str | None]
    changed_ago: Callable[[], float | None]


def watch(program: Attended, watcher: Watcher) -> End:
    """Watch ``program`` until it ends or has to be ended. What it printed last is still to be drained."""
    clock, looked, asked = ActiveClock(), 0.0, None
    outputs = [Output(), Output()]
    decoders = [codecs.getincrementaldecoder("utf-8")("replace") for _ in outputs]
    takers = (watcher.on_output, watcher.on_complaint)
    then = time.monotonic()
    while True:
        chunks = program.pump(_until_next(watcher.budgets, clock, asked is not None))
        now = time.monotonic()
        if asked is None:
            clock = clock.add(now - then)
        then = now
        for which, chunk in enumerate(chunks):
            if chunk:
                text = decoders[which].decode(chunk)
                outputs[which] = outputs[which].after(text)
                if outputs[which].progress:
                    clock = clock.progressed()
                takers[which](text)
        exit_code = program.exit_code
        interrupted = None
        if exit_code is None and now - looked >= _TICK:
            looked = now
            question = watcher.waits()
            if question != asked:
                asked, clock = question, clock.progressed()
                watcher.on_waiting(question)
            interrupted = watcher.interrupt()
        seen = rules.Watched(clock=clock, exited=exit_code is not None, waiting=asked is not None)
        trip = rules.trip(seen, watcher.budgets)
        if trip == "idle" and (ago := watcher.changed_ago()) is not None and ago < clock.idle:
            clock = replace(clock, progress_at=clock.active - ago)
            trip = rules.trip(replace(seen, clock=clock), watcher.budgets)
        if trip is not None or interrupted is not None:
            if asked is not None:
                watcher.on_waiting(None)
            timeout = trip if trip in ("idle", "wall") else None
            return End(
                timeout=timeout,
                interrupted=interrupted if trip is None else None,
                exit_code=exit_code,
                seconds=clock.active,
                idle=clock.idle,
            )


def _until_next(budgets: Budgets, clock: ActiveClock, waiting: bool) -> float:
    """Seconds until there is something to look at, output or not."""
    left = [_TICK]
    if budgets.timeout_seconds and not waiting:
        left.append(budgets.timeout_seconds - clock.active)
    if budgets.idle_timeout_seconds and not waiting:
        left.append(budgets.idle_timeout_seconds - clock.idle)
    return max(0.0, min(left))
