"""Signals: INT, TERM and HUP end a command in an orderly way, and never in the middle of putting things right."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ORDERLY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in _ORDERLY:
        if signal.getsignal(other) is _interrupt:
            signal.signal(other, _pass_over)
    raise Interrupted(signal.Signals(number).name)


def _pass_over(number: int, frame: FrameType | None) -> None:
    """A command that ends in order already is not hurried by a second signal."""


def end_in_order() -> None:
    """Turn the first INT, TERM or HUP into :class:`Interrupted`, raised where the command stands."""
    for number in _ORDERLY:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextmanager
def shielded() -> Iterator[None]:
    """Put signals off until the end of the block, for work that must not stay half-done."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, _ORDERLY)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
