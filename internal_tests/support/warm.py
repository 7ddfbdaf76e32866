"""The installed ``agency`` with its modules loaded already: a process that forks for each call.

Commands that only prepare a world or look at it, and those that follow a kill, are typed many thousand times, and loading
Python and the modules is half of their work. The command that a test is about, and the one that is killed, is the real one.

    python -m internal_tests.support.warm    serves calls on the socket that is its standard input
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import IO

from internal_tests.support.world import Result

_PARTS = ("run", "ls", "resume", "clean", "restore", "kill", "land", "push", "merge", "checkpoint")
_CHUNK = 1 << 16


class WarmAgency:
    """The client: starts the process, and ends it with :meth:`close`."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        self._turn = threading.Lock()
        words = [sys.executable, "-m", "internal_tests.support.warm"]
        root = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(words, stdin=there.fileno(), cwd=root)
        there.close()

    def call(self, words: tuple[str, ...], *, cwd: Path, env: Mapping[str, str]) -> Result:
        """What ``agency WORDS`` does without a terminal. Of several at the same time each waits for the one before."""
        request = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with self._turn:
                socket.send_fds(self._here, [request + b"\n"], [out.fileno(), err.fileno()])
                code = int(self._here.recv(100))
            return Result(code, _content(out), _content(err))

    def close(self) -> None:
        """End the process."""
        self._here.close()
        self._process.wait()


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def serve(calls: socket.socket) -> None:
    """Fork for each call until the other side is gone."""
    import_module("agency.cli.main")
    for part in _PARTS:
        import_module(f"agency.cli.commands.{part}")
    for module in ("attach", "clean", "create", "land", "listing", "merge", "push", "restore", "revive", "stop"):
        import_module(f"agency.sessions.{module}")
    for module in ("filelock", "psutil", "agency.config.file"):
        import_module(module)
    while True:
        request, descriptors, _, _ = socket.recv_fds(calls, _CHUNK, 2)
        while request and not request.endswith(b"\n"):
            request += calls.recv(_CHUNK)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            calls.close()
            _run(json.loads(request), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        calls.send(str(os.waitstatus_to_exitcode(status)).encode())


def _run(call: dict[str, object], out: int, err: int) -> None:
    """Be the command. Never returns."""
    with contextlib.suppress(BaseException):
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        os.chdir(str(call["cwd"]))
        os.environ.clear()
        os.environ.update(call["env"])  # type: ignore[call-overload]
        sys.argv = ["agency", *call["words"]]  # type: ignore[misc]
        from agency.cli.main import main

        main()
    os._exit(70)


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as place:
        serve(place)
