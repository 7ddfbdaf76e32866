"""The worker of a headless run with its modules loaded already: a process that forks for each worker, which may be told to die at
one of its durable steps.

    python -m internal_tests.chaos.warmworker    serves calls on the socket that is its standard input
"""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

_KILLER = Path(__file__).resolve().parent / "killer" / "sitecustomize.py"
_CHUNK = 1 << 16


@dataclass(frozen=True)
class WorkerEnd:
    """How a worker ended (negative: the signal), what it showed, and the durable steps that it came to."""

    code: int
    shown: str
    steps: list[str]


class WarmWorker:
    """The client: starts the process, and ends it with :meth:`close`."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        words = [sys.executable, "-m", "internal_tests.chaos.warmworker"]
        self._process = subprocess.Popen(words, stdin=there.fileno(), cwd=Path(__file__).resolve().parents[2])
        there.close()

    def work(self, directory: Path, *, env: Mapping[str, str], at: int = 0, after: float = 0.0) -> WorkerEnd:
        """Be the worker of the run whose record is in ``directory``; it is killed at step ``at`` (0: at none), or ``after``
        seconds (0: not)."""
        trace, shown = (Path(env["AGENCY_TEST_ROOT"]) / name for name in ("trace", "shown"))
        for path in (trace, shown):
            path.unlink(missing_ok=True)
        call = {"directory": str(directory), "env": dict(env), "at": at, "after": after}
        self._here.sendall(json.dumps({**call, "trace": str(trace), "shown": str(shown)}).encode() + b"\n")
        code = int(self._here.recv(100))
        steps = trace.read_text(errors="surrogateescape").splitlines() if trace.exists() else []
        text = shown.read_text(errors="replace") if shown.exists() else ""
        for path in (trace, shown):
            path.unlink(missing_ok=True)
        return WorkerEnd(code, text, steps)

    def close(self) -> None:
        """End the process."""
        self._here.close()
        self._process.wait()


def serve(calls: socket.socket) -> None:
    """Fork for each call until the other side is gone."""
    for module in ("agency.worker.__main__", "filelock", "psutil", "agency.config.file", "agency.sessions.scripts"):
        import_module(module)
    spec = importlib.util.spec_from_file_location("killer", _KILLER)
    assert spec is not None and spec.loader is not None
    killer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(killer)
    while True:
        request = calls.recv(_CHUNK)
        while request and not request.endswith(b"\n"):
            request += calls.recv(_CHUNK)
        if not request:
            return
        call = json.loads(request)
        pid = os.fork()
        if pid == 0:
            calls.close()
            _be_worker(call, killer)
        if call["after"]:
            _kill_later(pid, call["after"])
        _, status = os.waitpid(pid, 0)
        calls.send(str(os.waitstatus_to_exitcode(status)).encode())


def _kill_later(pid: int, seconds: float) -> None:
    """Kill a child after so many seconds, unless it has ended."""
    import select
    import signal

    descriptor = os.pidfd_open(pid)
    try:
        if not select.select([descriptor], [], [], seconds)[0]:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)


def _be_worker(call: dict[str, object], killer: object) -> None:
    """Be the worker. Never returns."""
    code = 70
    with contextlib.suppress(Exception):
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        out = os.open(str(call["shown"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for source, target in ((null, 0), (out, 1), (out, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(call["env"])  # type: ignore[call-overload]
        killer.Killer(str(call["trace"]), call["at"], "alone", places=True).install()  # type: ignore[attr-defined]
        from agency.worker import judge
        from agency.worker.__main__ import main

        setattr(judge, "backoff", lambda *words, **options: 0.0)  # noqa: B010 - the pauses show nothing here
        try:
            code = main(str(call["directory"]), "--allow-scripts")
        except SystemExit as end:
            code = int(end.code or 0)
        except Exception:
            import traceback

            traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as place:
        serve(place)
