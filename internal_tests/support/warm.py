"""The installed ``agency`` with its modules loaded already: a process that forks for each call.

Commands that only prepare a world or look at it, and those that follow a kill, are typed many thousand times, and loading
Python and the modules is half of their work. The command that a test is about, and the one that is killed, is the real one.

    python -m internal_tests.support.warm    serves calls on the socket that is its standard input
"""

import os
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from internal_tests.support.forkserver import ForkServer, become, serve
from internal_tests.support.world import Result

_PARTS = ("run", "ls", "resume", "clean", "restore", "kill", "land", "push", "merge", "checkpoint")
_SESSIONS = ("attach", "clean", "create", "land", "listing", "merge", "push", "restore", "revive", "stop")
_MODULES = (
    "agency.cli.main",
    *(f"agency.cli.commands.{part}" for part in _PARTS),
    *(f"agency.sessions.{part}" for part in _SESSIONS),
    *("filelock", "psutil", "agency.config.file"),
)


class WarmAgency(ForkServer):
    """The client."""

    def __init__(self) -> None:
        super().__init__("internal_tests.support.warm")
        self._turn = threading.Lock()

    def call(self, words: tuple[str, ...], *, cwd: Path, env: Mapping[str, str]) -> Result:
        """What ``agency WORDS`` does without a terminal. Of several at the same time each waits for the one before."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with self._turn:
                code = self.fork({"words": words, "cwd": str(cwd), "env": dict(env)}, [out.fileno(), err.fileno()])
            return Result(code, _content(out), _content(err))


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _be_agency(call: dict[str, Any], files: list[int]) -> None:
    become(call, *files)
    os.chdir(call["cwd"])
    sys.argv = ["agency", *call["words"]]
    from agency.cli.main import main

    main()


if __name__ == "__main__":
    serve(_MODULES, _be_agency)
