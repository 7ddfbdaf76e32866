"""Signals: INT, TERM and HUP end a command in an orderly way, and never in the middle of putting things right."""

import signal
import threading
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
    """Put signals off until the end of the block, for work that must not stay half-done.

    Noted in Python instead of blocked in the kernel: another thread (a spinner) would receive what this one blocks, and the
    programs started in the block would inherit it. Python raises signals in the main thread alone, so others need no shield.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[signal.Signals] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(signal.Signals(number))

    old = {number: signal.signal(number, note) for number in _ORDERLY if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        outlived = [number for number in old if signal.getsignal(number) is not note]
        for number in old.keys() - outlived:
            signal.signal(number, old[number])
        for number in came:
            handler = old[number]
            if number not in outlived and callable(handler):
                handler(number, None)


def outlive_the_terminal() -> None:
    """Go on without the terminal from now on: it may have been in the session that this command has just ended. A hang-up
    that was put off is dropped."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
