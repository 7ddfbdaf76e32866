"""Keeping hold of what a process starts: its orphans come back to it, and a child ends with it. Linux can do that; elsewhere
orphans are found by what they carry in their environment (:mod:`agency.tools.processtree`)."""

import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on this process is the parent of every descendant whose own parent ends, however it left its session."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def dies_with_parent() -> Callable[[], None] | None:
    """What a new child has to call before it becomes another program, so that the kernel kills it as soon as this process is
    gone; None where the system cannot do that."""
    if sys.platform != "linux":
        return None
    import ctypes

    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return in_child


def reap() -> None:
    """Let go of adopted processes that have ended. What is waited for elsewhere must have ended before."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
