"""Keeping hold of what a process starts: its orphans come back to it. Linux can do that; elsewhere orphans are found by what they
carry in their environment (:mod:`agency.tools.processtree`)."""

import os
import sys

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on this process is the parent of every descendant whose own parent ends, however it left its session."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap() -> None:
    """Let go of adopted processes that have ended. What is waited for elsewhere must have ended before."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
