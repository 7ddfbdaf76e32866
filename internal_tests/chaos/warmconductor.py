"""The conductor of a plan with its modules loaded already: a process that forks for each call of ``agency plan``, which may be
told to die at one of its durable steps, or at one of a deed of its own.

    python -m internal_tests.chaos.warmconductor    serves calls on the socket that is its standard input
"""

import contextlib
import fcntl
import importlib.util
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_KILLER = Path(__file__).resolve().parent / "killer" / "sitecustomize.py"
_CHUNK = 1 << 16
_PARTS = ("plan", "plan.run", "plan.resume")

Target = tuple[str, str, int]
"""The kind of a step, the lines of agency that take it, and how often one has come to it when it counts."""


@dataclass(frozen=True)
class ConductorEnd:
    """How a conductor ended (negative: the signal), what it showed, and the durable steps that it and its deeds came to, in the
    order in which they did."""

    code: int
    shown: str
    steps: list[str]


class WarmConductor:
    """The client: starts the process, and ends it with :meth:`close`."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        words = [sys.executable, "-m", "internal_tests.chaos.warmconductor"]
        self._process = subprocess.Popen(words, stdin=there.fileno(), cwd=Path(__file__).resolve().parents[2])
        there.close()

    def conduct(
        self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], at: Sequence[Target] = ()
    ) -> ConductorEnd:
        """Be ``agency WORDS``; it is killed when it, or a deed of it, comes to the first of the steps ``at``."""
        root = Path(env["AGENCY_TEST_ROOT"])
        trace, shown = root / "trace", root / "shown"
        for path in (trace, shown):
            path.unlink(missing_ok=True)
        call = {"words": list(words), "cwd": str(cwd), "env": dict(env), "at": list(at)}
        self._here.sendall(json.dumps({**call, "trace": str(trace), "shown": str(shown)}).encode() + b"\n")
        code = int(self._here.recv(100))
        steps = trace.read_text(errors="surrogateescape").splitlines() if trace.exists() else []
        return ConductorEnd(code, shown.read_text(errors="replace") if shown.exists() else "", steps)

    def close(self) -> None:
        """End the process."""
        self._here.close()
        self._process.wait()


def serve(calls: socket.socket) -> None:
    """Fork for each call until the other side is gone."""
    import_module("agency.cli.main")
    for part in _PARTS:
        import_module(f"agency.cli.commands.{part}")
    for module in ("agency.plans.drive", "agency.plans.table", "agency.plans.start", "filelock", "psutil", "libtmux"):
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
        pid = os.fork()
        if pid == 0:
            calls.close()
            _be_conductor(json.loads(request), killer)
        _, status = os.waitpid(pid, 0)
        calls.send(str(os.waitstatus_to_exitcode(status)).encode())


def _be_conductor(call: dict[str, Any], killer: ModuleType) -> None:
    """Be the conductor. Never returns."""
    with contextlib.suppress(BaseException):
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        out = os.open(call["shown"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for source, target in ((null, 0), (out, 1), (out, 2)):
            os.dup2(source, target)
        os.chdir(call["cwd"])
        os.environ.clear()
        os.environ.update(call["env"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["agency", *call["words"]]
        _kills(killer, call["trace"], call["at"])
        from agency.cli.main import main

        main()
    os._exit(70)


def _kills(killer: ModuleType, trace: str, at: list[list[Any]]) -> None:
    """Begin to count the steps of this process and of its forks; the first that comes to one of ``at`` ends them all."""
    conductor, met = os.getpid(), mmap.mmap(-1, max(1, len(at)) * 4)
    places = {(kind, place): (number * 4, times) for number, (kind, place, times) in enumerate(at)}

    class OfAll(killer.Killer):  # type: ignore[name-defined, misc]
        """Counts for all, and ends the conductor first: what it has forked ends with it."""

        def step(self, kind: str, *what: object) -> bool:
            place = killer._place().partition(" plans/drive.py")[0].partition(" cli/")[0]
            line = f"{kind} {' '.join(str(part) for part in what)}".replace("\n", " ").replace("\t", " ")
            fcntl.lockf(self._trace, fcntl.LOCK_EX)
            try:
                self._write(self._trace, f"{line}\t{place}\n".encode("utf-8", "surrogateescape"))
                if (kind, place) not in places:
                    return False
                offset, times = places[kind, place]
                count = int.from_bytes(met[offset : offset + 4], "big") + 1
                met[offset : offset + 4] = count.to_bytes(4, "big")
            finally:
                fcntl.lockf(self._trace, fcntl.LOCK_UN)
            if count != times:
                return False
            if kind not in ("torn", "spawned"):
                self.end()
            return True

        def end(self) -> None:
            self._busy = True
            os.kill(conductor, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    OfAll(trace, 0, "alone", places=True).install()


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as place:
        serve(place)
