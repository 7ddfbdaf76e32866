"""Finding and ending the processes of a run, also those that left their process group, session or parent."""

import os
import signal
import time
from collections.abc import Sequence

import psutil

from agency.domain.frozen import frozen
from agency.tools.identity import process_started

_MULTIPLEXERS = ("tmux", "screen", "zellij", "abduco", "dtach", "systemd", "launchd")
_HOLDERS = frozenset({"bwrap"})
"""Programs that end with what they hold, and take it with them at once when they are told to end before it."""
_POLL = 0.02


@frozen
class Mark:
    """What tells that a process without a living parent belongs to a run: an environment variable, and a working
    directory inside ``directory``. Programs whose command line contains a word of ``spared`` belong to the user."""

    variable: str
    value: str
    directory: str
    spared: tuple[str, ...] = ()


@frozen
class Found:
    """A process: told apart from a later one with the same pid by ``started`` (:func:`process_started`), which no change of the
    clock touches."""

    pid: int
    started: str


def find_tree(roots: Sequence[int], mark: Mark | None) -> list[Found]:
    """The living processes at and below ``roots``, those in the terminal sessions that ``roots`` lead, and the orphans
    that carry ``mark``. This process itself is never among them."""
    parents: dict[int, int] = {}
    processes: dict[int, psutil.Process] = {}
    beginnings: dict[int, str] = {}
    for pid in psutil.pids():  # psutil.process_iter() would give what it remembers of an earlier process with that pid
        try:
            started = process_started(pid)
            if started is not None:
                process = psutil.Process(pid)
                parents[pid] = process.ppid()
                processes[pid], beginnings[pid] = process, started
        except psutil.Error:
            continue
    chosen = {root for root in roots if root in processes}
    for pid in processes:
        if any(ancestor in chosen for ancestor in _line(pid, parents)) or _session(pid) in roots:
            chosen.add(pid)
    if mark is not None:
        marked = {pid for pid in processes if pid not in chosen and _carries(processes[pid], mark)}
        chosen |= {pid for pid in marked if not any(_multiplexer(processes, pid) for pid in _line(pid, parents))}
    chosen.discard(os.getpid())
    return [Found(pid=pid, started=beginnings[pid]) for pid in sorted(chosen)]


def end_tree(roots: Sequence[int], mark: Mark | None, *, grace: float) -> list[int]:
    """End the tree: TERM, up to ``grace`` seconds to obey, KILL, and again for what appeared meanwhile.

    What holds others is not asked to obey: it ends once they have. Returns the pids that are still there two seconds after
    KILL; none, as a rule.
    """
    deadline = time.monotonic() + grace
    warned: set[Found] = set()
    started = {root: process_started(root) for root in roots}
    while True:
        # A root whose number was given to another process meanwhile is ours no more; of a dead one the session may live on.
        left = find_tree([root for root in roots if process_started(root) in (None, started[root])], mark)
        if not left:
            return []
        now = time.monotonic()
        if now >= deadline + 2.0:
            return [found.pid for found in left]
        if now >= deadline:
            _signal(left, signal.SIGKILL)
        else:
            _signal([found for found in left if found not in warned and not _holds(found)], signal.SIGTERM)
            warned.update(left)
        _wait(left, min(deadline, now + 0.25) if now < deadline else now + 0.25)


def _wait(found: Sequence[Found], until: float) -> None:
    """Wait until all of ``found`` are gone or it is ``until``."""
    while time.monotonic() < until and any(_present(one) for one in found):
        time.sleep(_POLL)


def _present(found: Found) -> bool:
    return process_started(found.pid) == found.started


def _holds(found: Found) -> bool:
    try:
        return psutil.Process(found.pid).name() in _HOLDERS
    except psutil.Error:
        return False


def _signal(targets: Sequence[Found], number: int) -> None:
    for target in targets:
        if _present(target):
            try:
                os.kill(target.pid, number)
            except (ProcessLookupError, PermissionError):
                continue


def _line(pid: int, parents: dict[int, int]) -> list[int]:
    """``pid`` and its ancestors."""
    line = [pid]
    while (parent := parents.get(line[-1], 0)) > 1 and parent not in line:
        line.append(parent)
    return line


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _carries(process: psutil.Process, mark: Mark) -> bool:
    try:
        if process.environ().get(mark.variable) != mark.value:
            return False
        inside = (process.cwd() + "/").startswith(mark.directory + "/")
        return inside and not any(word in part for part in process.cmdline() for word in mark.spared)
    except (psutil.Error, OSError):
        return False


def _multiplexer(processes: dict[int, psutil.Process], pid: int) -> bool:
    try:
        return pid in processes and processes[pid].name().startswith(_MULTIPLEXERS)
    except psutil.Error:
        return False
