"""The worker of a headless run with its modules loaded already: a process that forks for each worker, which may be told to die at
one of its durable steps.

    python -m internal_tests.chaos.warmworker    serves calls on the socket that is its standard input
"""

import os
import select
import signal
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from internal_tests.support.forkserver import Traced, become_traced, load_killer, serve

_MODULES = ("agency.worker.__main__", "filelock", "psutil", "agency.config.file", "agency.sessions.scripts")


@dataclass(frozen=True)
class WorkerEnd:
    """How a worker ended (negative: the signal), what it showed, and the durable steps that it came to."""

    code: int
    shown: str
    steps: list[str]


class WarmWorker(Traced):
    """The client."""

    def __init__(self) -> None:
        super().__init__("internal_tests.chaos.warmworker")

    def work(self, directory: Path, *, env: Mapping[str, str], at: int = 0, after: float = 0.0) -> WorkerEnd:
        """Be the worker of the run whose record is in ``directory``; it is killed at step ``at`` (0: at none), or ``after``
        seconds (0: not)."""
        call = {"directory": str(directory), "env": dict(env), "at": at, "after": after}
        return WorkerEnd(*self.traced(call, Path(env["AGENCY_TEST_ROOT"])))


def _kill_later(pid: int, call: dict[str, Any]) -> None:
    """Kill a worker after so many seconds, unless it has ended."""
    if not call["after"]:
        return
    descriptor = os.pidfd_open(pid)
    try:
        if not select.select([descriptor], [], [], call["after"])[0]:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)


def _be_worker(call: dict[str, Any], files: list[int]) -> None:
    """Be the worker. Never returns."""
    become_traced(call)
    _KILLER.Killer(call["trace"], call["at"], "alone", places=True).install()
    from agency.worker import judge
    from agency.worker.__main__ import main

    setattr(judge, "backoff", lambda *words, **options: 0.0)  # noqa: B010 - the pauses show nothing here
    code = 70
    try:
        code = main(call["directory"], "--allow-scripts")
    except SystemExit as end:
        code = int(end.code or 0)
    except Exception:
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    _KILLER = load_killer()
    serve(_MODULES, _be_worker, _kill_later)
