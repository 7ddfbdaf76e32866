"""Ends the Python process that loads it with SIGKILL at one of its durable steps, and writes down every step it came to.

Python loads this file at start when its folder is on PYTHONPATH; :mod:`internal_tests.chaos.killing` arranges that for one
call of ``agency``. A fork of an agency that is loaded already calls :func:`begin` itself. The variables that say so are taken
out of the environment, so that no child loads it. A step is:

- ``audit event``, before it takes effect: opening a file for writing, making, renaming and removing files and directories,
  starting a program, sending a signal (not making a directory that is there, nor opening a lock: that changes nothing);
- ``opened``: a file was made or emptied and nothing is in it yet (not a temporary file, which no reader looks into);
- ``torn``: half of the bytes of a write are in the file;
- ``spawned``: a program was started (one that only looks, such as ``git status``, counts for nothing).

AGENCY_CHAOS_HOW says who dies at a ``spawned`` step: ``alone`` agency only; ``late`` agency only, and the program begins
its work half a second later; ``together=SECONDS`` agency and the program's process group after that time. With ``stop``
nobody dies: agency is stopped (SIGSTOP) at the step.
"""

import builtins
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

_FILE_STEPS = frozenset({"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"})
_PROCESS_STEPS = frozenset({"os.posix_spawn", "os.exec", "os.kill", "os.killpg"})
_LOOKING = frozenset(
    {"status", "config", "rev-parse", "rev-list", "merge-base", "merge-tree", "cherry", "diff", "diff-tree", "patch-id"}
    | {"log", "for-each-ref", "symbolic-ref", "list", "ls-files", "list-panes", "capture-pane"}
    | {"ls-remote", "view", "rate_limit", "grep"}
)
"""Words of programs that change nothing: killing before and after them is killing at the step before."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_IGNORED = ("__pycache__", "/dev/null", "/dev/tty", "/dev/pt", "/proc/", ".lock.holder", "/.lock", "/.landing")
"""Parts of paths that mean nothing to anybody who comes later; who holds a lock is told only to those who wait for it."""
_DELAY = 0.5


class Killer:
    """Counts the steps of this process and ends it at the chosen one."""

    def __init__(self, trace: str, at: int, how: str, *, places: bool = False) -> None:
        """``at`` is the number of the step, 0 for none; ``trace`` gets a line for each step, with ``places`` also where in
        agency it is taken, after a tab."""
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._at = at
        self._how = how
        self._places = places
        self._count = 0
        self._busy = False
        self._write = os.write
        self._os_open = os.open
        self._open = builtins.open
        self._start = subprocess.Popen.__init__

    def install(self) -> None:
        """Begin to count."""
        setattr(os, "write", self.write)  # noqa: B010
        setattr(os, "open", self.os_open)  # noqa: B010
        setattr(builtins, "open", self.open)  # noqa: B010
        killer = self

        def start(popen: Any, args: Any, *rest: Any, **named: Any) -> None:
            killer.start(popen, args, *rest, **named)

        setattr(subprocess.Popen, "__init__", start)  # noqa: B010
        sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """The audit hook."""
        if self._busy:
            return
        if event == "open":
            if isinstance(args[2], int) and args[2] & _WRITING:
                self.file_step("open", args[0])
        elif event == "os.mkdir" and os.path.isdir(args[0]):
            return
        elif event in _FILE_STEPS:
            self.file_step(event, *(path for path in args if isinstance(path, str | bytes)))
        elif event == "subprocess.Popen":
            if not _only_looks(args[1]):
                self.step(event, *args[1])
        elif event in _PROCESS_STEPS:
            self.step(event, *args)

    def file_step(self, kind: str, *paths: object) -> bool:
        """A step that changes files, unless they are devices, descriptors or compiled modules."""
        texts = [
            os.fsdecode(path) if isinstance(path, bytes) else str(path) for path in paths if not isinstance(path, int)
        ]
        if not texts or any(part in text for text in texts for part in _IGNORED):
            return False
        return self.step(kind, *texts)

    def step(self, kind: str, *what: object) -> bool:
        """Write a step down; end here when it is the chosen one, unless it is one after which more has to be done: then True."""
        text = " ".join(str(part) for part in what)
        self._count += 1
        line = f"{kind} {text}".replace("\n", " ") + (f"\t{_place()}" if self._places else "")
        self._write(self._trace, line.encode("utf-8", "surrogateescape") + b"\n")
        if self._count != self._at:
            return False
        if kind in ("torn", "spawned"):
            return True
        self.end()
        return True

    def end(self) -> None:
        """Die, or stand still."""
        self._busy = True
        os.kill(os.getpid(), signal.SIGSTOP if self._how == "stop" else signal.SIGKILL)
        self._busy = False

    def write(self, fd: int, content: Any) -> int:
        """``os.write`` of which only half may come about."""
        if os.path.isfile(f"/proc/self/fd/{fd}") and self.file_step("torn", os.readlink(f"/proc/self/fd/{fd}")):
            self._write(fd, bytes(content)[: len(content) // 2])
            self.end()
        return self._write(fd, content)

    def os_open(self, path: Any, flags: int, *rest: Any, **named: Any) -> int:
        """``os.open`` that may be the last thing that happens."""
        changes = flags & os.O_TRUNC or not os.path.exists(path)
        fd = self._os_open(path, flags, *rest, **named)
        if changes and flags & _WRITING and not os.fsdecode(path).endswith(".tmp"):
            self.file_step("opened", path)
        return fd

    def open(self, file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        """``open`` that may be the last thing that happens."""
        opened = self._open(file, mode, *rest, **named)
        if not isinstance(file, int) and set(mode) & set("wax+"):
            self.file_step("opened", file)
        return opened

    def start(self, popen: Any, args: Any, *rest: Any, **named: Any) -> None:
        """Starting a program, which may go on alone or die too."""
        begin: Callable[..., None] = self._start
        if _only_looks(args):
            begin(popen, args, *rest, **named)
            return
        chosen = self._count + 2 == self._at
        words = args
        if chosen and self._how == "late":
            words = ["/bin/sh", "-c", f'sleep {_DELAY}; exec "$@"', "late", *args]
        begin(popen, words, *rest, **named)
        if self.step("spawned", *args):
            self._busy = True
            how, _, seconds = self._how.partition("=")
            if how == "together":
                time.sleep(float(seconds))
                os.killpg(popen.pid, signal.SIGKILL)
            self.end()


def _place() -> str:
    """The lines of agency that are at work, innermost first."""
    lines = []
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        _, found, module = frame.f_code.co_filename.rpartition("/agency/")
        if found:
            lines.append(f"{module}:{frame.f_lineno}")
    return " ".join(lines)


def _only_looks(words: Any) -> bool:
    return not _LOOKING.isdisjoint(words)


def begin() -> None:
    """Do as the variables say, where they say something."""
    variables = {name: os.environ.pop(name, "") for name in list(os.environ) if name.startswith("AGENCY_CHAOS_")}
    os.environ.pop("PYTHONPATH", None)
    if variables.get("AGENCY_CHAOS_TRACE"):
        Killer(
            variables["AGENCY_CHAOS_TRACE"],
            int(variables.get("AGENCY_CHAOS_AT", "0")),
            variables.get("AGENCY_CHAOS_HOW", "alone"),
        ).install()


begin()
