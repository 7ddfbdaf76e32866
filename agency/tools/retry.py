"""Doing something again that failed for a while only: the network was away, a server was overloaded."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
PAUSES = (0.5, 1.0, 2.0)
_JITTER = 0.2


def patiently(deed: Callable[[], T], *, passing: Callable[[Exception], bool], pauses: Sequence[float] = PAUSES) -> T:
    """What ``deed`` returns, tried again after each of ``pauses`` (seconds) when ``passing`` says so of its failure.

    The pauses vary by a fifth, so that many who failed together do not come back together.
    """
    import random

    for pause in pauses:
        try:
            return deed()
        except Exception as error:
            if not passing(error):
                raise
        time.sleep(pause * random.uniform(1 - _JITTER, 1 + _JITTER))
    return deed()
