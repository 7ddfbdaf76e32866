"""A process whose modules are loaded already and that forks for each call: the client of one, and what it does itself."""

import gc
import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from agency.domain.frozen import frozen

KILLER = Path(__file__).resolve().parents[1] / "chaos" / "killer"
"""The folder that, on PYTHONPATH, has Python count the durable steps of a process and end it at one."""
_CHUNK = 1 << 16
_MOST_FILES = 4


class ForkServer:
    """The client: starts ``python -m MODULE``, which is to call :func:`serve`, and ends it with :meth:`close`."""

    def __init__(self, module: str, env: Mapping[str, str] | None = None) -> None:
        self._here, there = socket.socketpair()
        root = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen([sys.executable, "-m", module], stdin=there.fileno(), cwd=root, env=env)
        there.close()

    def fork(self, call: Mapping[str, Any], files: Sequence[int] = ()) -> int:
        """Have one process carry out ``call``, with these open files; how it ended (negative: the signal)."""
        socket.send_fds(self._here, [json.dumps(call).encode() + b"\n"], files)
        return int(self._here.recv(100))

    def close(self) -> None:
        """End the process."""
        self._here.close()
        self._process.wait()


class Traced(ForkServer):
    """One that forks processes that leave a trace: the durable steps that they came to, and what they showed."""

    def traced(self, call: Mapping[str, Any], root: Path) -> tuple[int, str, list[str]]:
        """How a process ended, what it showed, and its steps, of which it writes below ``root``."""
        trace, shown = root / "trace", root / "shown"
        for path in (trace, shown):
            path.unlink(missing_ok=True)
        code = self.fork({**call, "trace": str(trace), "shown": str(shown)})
        steps = trace.read_text(errors="surrogateescape").splitlines() if trace.exists() else []
        text = shown.read_text(errors="replace") if shown.exists() else ""
        for path in (trace, shown):
            path.unlink(missing_ok=True)
        return code, text, steps


def serve(
    modules: Iterable[str],
    be: Callable[[dict[str, Any], list[int]], object],
    beside: Callable[[int, dict[str, Any]], object] | None = None,
) -> None:
    """Load the modules, then fork for each call on the socket that is standard input, until the other side is gone.

    The fork does ``be`` with the call and its open files, and has to end itself; ``beside`` is done meanwhile with its pid.
    """
    for module in modules:
        import_module(module)
    _compile_methods(object)
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as calls:
        while True:
            request, files, _, _ = socket.recv_fds(calls, _CHUNK, _MOST_FILES)
            while request and not request.endswith(b"\n"):
                request += calls.recv(_CHUNK)
            if not request:
                return
            call = json.loads(request)
            pid = os.fork()
            if pid == 0:
                calls.close()
                try:
                    be(call, files)
                finally:
                    os._exit(70)
            for file in files:
                os.close(file)
            if beside is not None:
                beside(pid, call)
            _, status = os.waitpid(pid, 0)
            calls.send(str(os.waitstatus_to_exitcode(status)).encode())


def _compile_methods(cls: type[Any]) -> None:
    """Compile how objects are made of the classes of agency, which each fork would do anew."""
    each: type[Any]
    for each in type.__subclasses__(cls):
        if getattr(each.__dict__.get("__init__"), "__module__", None) == frozen.__module__:
            with suppress(Exception):  # most need to be given something, and say so once they are compiled
                each()
        _compile_methods(each)


def become(call: Mapping[str, Any], out: int, err: int) -> None:
    """Take over the environment of a call, an empty standard input, and these files as output."""
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    for file in {null, out, err}:
        os.close(file)
    os.environ.clear()
    os.environ.update(call["env"])


def become_traced(call: Mapping[str, Any]) -> None:
    """The same in a session of its own, for a call of :class:`Traced`."""
    os.setsid()
    out = os.open(call["shown"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    become(call, out, out)


def load_killer() -> ModuleType:
    """What counts the durable steps of a process, and ends it at one."""
    spec = importlib.util.spec_from_file_location("killer", KILLER / "sitecustomize.py")
    assert spec is not None and spec.loader is not None
    killer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(killer)
    return killer
