"""Waiting for conditions."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], what: str, timeout: float = 20.0, *, every: float = 0.01) -> T:
    """The first true value of ``condition``, looked at ``every`` so many seconds, or less often when looking takes long: what
    is waited for needs the processor too.

    An AssertionError names ``what`` when none comes within ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        looked = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}")
        time.sleep(max(every, 2 * (now - looked)))
