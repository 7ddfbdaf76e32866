"""The lock of a repo: held while refs, worktrees or records change, for as short as that takes.

It is a kernel lock, so it ends with its holder, however that dies. A git command started under it shares the
descriptor (:attr:`RepoLock.fd`): when agency is killed in the middle, the lock lasts until that git command is done.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.store.eventlog import now
from agency.store.failures import told_plainly
from agency.store.records import discard, make_directory, write_file

DEFAULT_LOCK_TIMEOUT = 10.0
_POLL = 0.02
_TELL_AFTER = 1.0
_TURNS = 12


@contextmanager
def turn(directory: str) -> Iterator[None]:
    """Wait until it is our turn with what ``directory`` is about; others wait until the end of the block."""
    import fcntl

    with told_plainly("locking a directory", directory):
        fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def load_beforehand() -> None:
    """Begin to load what a lock needs (10 ms) in a thread, for a command that waits for git before it takes one."""
    import threading
    from importlib import import_module

    threading.Thread(target=import_module, args=("filelock",), daemon=True).start()


@frozen
class RepoLock:
    """A held lock. ``fd`` is to be inherited by the commands that do the locked work."""

    fd: int


@contextmanager
def repo_lock(
    path: str, *, command: str, timeout: float, tell: Callable[[str], None], what: str = "the lock of the repo"
) -> Iterator[RepoLock]:
    """Hold the lock file ``path`` during the block, waiting up to ``timeout`` seconds for whoever holds it.

    While holders come and go, as when many runs are made at once, the wait goes on, up to twelve times as long.
    ``command`` is shown to those who wait. After a second of waiting ``tell`` is called once with who holds it; ``what`` is
    waited for. Raises E_REPO_LOCKED when the time is over, E_STORE_FAILED when the file cannot be made.
    """
    from filelock import lock_descriptor

    make_directory(os.path.dirname(path))
    with told_plainly("opening the lock", path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        started = since = time.monotonic()
        holder_then = _read_holder(path)
        told = False
        while not lock_descriptor(fd, blocking=False):
            waited = time.monotonic() - started
            if (holder_now := _read_holder(path)) != holder_then:
                holder_then, since = holder_now, time.monotonic()
            if time.monotonic() - since >= timeout or waited >= timeout * _TURNS:
                holder = _describe_holder(path)
                raise AgencyError(
                    "E_REPO_LOCKED",
                    f"the repo is locked by {holder}",
                    hint="try again, or wait longer with --lock-timeout 60s",
                    lock=path,
                )
            if waited >= _TELL_AFTER and not told:
                tell(f"waiting for {what}, held by {_describe_holder(path)}")
                told = True
            time.sleep(_POLL)
        holder_path = f"{path}.holder"
        _say_holder(holder_path, command)
        try:
            yield RepoLock(fd=fd)
        finally:
            discard(holder_path)
    finally:
        os.close(fd)


def _say_holder(path: str, command: str) -> None:
    """Tell those who wait who holds the lock. On a full disk they are not told: the lock must be there to make space."""
    holder = {"pid": os.getpid(), "command": command, "since": now()}
    try:
        write_file(path, json.dumps(holder).encode() + b"\n", durable=False)
    except AgencyError:
        pass


def _read_holder(path: str) -> bytes:
    """What the holder told of itself; nothing when nobody did."""
    try:
        with open(f"{path}.holder", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _describe_holder(path: str) -> str:
    try:
        holder = json.loads(_read_holder(path))
        return f"{holder['command']} (pid {holder['pid']}, since {holder['since']})"
    except (ValueError, TypeError, KeyError):
        return "another command"
