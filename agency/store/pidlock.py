"""A lock file that says which process holds it: a run has one worker at a time, a plan one conductor.

The kernel frees it with its holder, however that dies. A child that a killed holder had forked, and that has not begun its
program yet, keeps it a moment longer; so whoever finds a holder that is dead waits for that moment, and nobody for a living one.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from agency.store.failures import told_plainly
from agency.store.records import json_bytes

_MOMENT = 2.0
"""Seconds in which a child of a holder that was killed begins its program, at most."""
_POLL = 0.02


@contextmanager
def pid_lock(path: str, *, what: str, command: str) -> Iterator[int | None]:
    """The descriptor of the lock where this process alone holds it during the block, None where another does.

    ``what`` names it in errors, ``command`` is told to whoever reads the file. A fork has to close the descriptor. Raises
    E_DISK_FULL or E_STORE_FAILED.
    """
    with told_plainly(f"opening the lock of {what}", path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _taken(fd):
            yield None
            return
        with suppress(OSError):  # on a full disk nobody is told who holds it
            os.ftruncate(fd, 0)
            os.pwrite(fd, json_bytes({"pid": os.getpid(), "command": command}), 0)
        yield fd
    finally:
        os.close(fd)


def pid_lock_holder(path: str) -> int | None:
    """The process that holds the lock (0: it does not say yet), None when no living one does."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        pid = _said(fd)
        return pid if not pid or _lives(pid) else None
    finally:
        os.close(fd)


def _taken(fd: int) -> bool:
    until = time.monotonic() + _MOMENT
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            pid = _said(fd)
            if (pid and _lives(pid)) or time.monotonic() >= until:
                return False
        time.sleep(_POLL)


def _said(fd: int) -> int:
    try:
        return int(json.loads(os.pread(fd, 4096, 0))["pid"])
    except (ValueError, KeyError, TypeError, OSError):
        return 0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
