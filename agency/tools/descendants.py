"""Keeping hold of what a process starts: its orphans come back to it, and its children end with it. Linux can do both; elsewhere
orphans are found by what they carry in their environment (:mod:`agency.tools.processtree`)."""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on this process is the parent of every descendant whose own parent ends, however it left its session."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Called in a child before it becomes another program: it is killed when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def reap() -> None:
    """Let go of adopted processes that have ended. What is waited for elsewhere must have ended before."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def _load() -> object | None:
    if sys.platform != "linux":
        return None
    import ctypes

    return ctypes.CDLL(None).prctl


_loaded: list[object | None] = []


def _prctl(option: int, value: int) -> None:
    if not _loaded:
        _loaded.append(_load())
    if callable(prctl := _loaded[0]):
        prctl(option, value, 0, 0, 0)
