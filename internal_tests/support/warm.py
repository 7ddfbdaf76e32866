"""``agency`` with its modules loaded already: a process that forks for each call.

Commands are typed many thousand times in the tests, and loading Python and the modules is three quarters of what a short one
takes. The fork has the words, the directory, the environment and the end of the installed command; that each module loads by
itself has a test of its own.

    python -m internal_tests.support.warm    serves calls on the socket that is its standard input
"""

import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import agency
from internal_tests.support.forkserver import KILLER, ForkServer, become, load_killer, serve
from internal_tests.support.world import AGENCY, KEPT, Result

_READ_AT_START = ("LANG", "LC_", "LD_", "PYTHON", "TZ")
"""How the names of variables begin that Python or the linker reads before any module."""


class WarmAgency(ForkServer):
    """The client."""

    def __init__(self) -> None:
        self._env = {name: os.environ[name] for name in KEPT if name in os.environ}
        super().__init__("internal_tests.support.warm", self._env)
        self._turn = threading.Lock()

    def call(self, words: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], timeout: float) -> Result | None:
        """What ``agency WORDS`` does without a terminal; None where it has to be started anew: for an environment that shows
        while Python starts, and while another call goes on. Raises subprocess.TimeoutExpired after ``timeout`` seconds."""
        if _read_at_start(env) != _read_at_start(self._env) or not self._turn.acquire(blocking=False):
            return None
        try:
            with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                call = {"words": words, "cwd": str(cwd), "env": dict(env), "timeout": timeout}
                code = self.fork(call, [out.fileno(), err.fileno()])
                if code == -signal.SIGALRM:
                    raise subprocess.TimeoutExpired(["agency", *words], timeout, _content(out), _content(err))
                return Result(code, _content(out), _content(err))
        finally:
            self._turn.release()


def modules_of_agency() -> Iterator[str]:
    """The names of all modules that another may import."""
    for module in pkgutil.walk_packages(agency.__path__, "agency."):
        if not module.name.endswith(".__main__"):
            yield module.name


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    """What Python would heed, but for the killer of the kill tests, which a fork begins by itself."""
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START) and value != str(KILLER)}


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _be_agency(call: dict[str, Any], files: list[int]) -> None:
    become(call, *files)
    os.chdir(call["cwd"])
    sys.argv = [AGENCY, *call["words"]]
    signal.setitimer(signal.ITIMER_REAL, call["timeout"])
    if call["env"].get("PYTHONPATH") == str(KILLER):
        _KILLER.begin()
    from agency.cli.main import main

    main()


if __name__ == "__main__":
    _KILLER = load_killer()
    serve((*modules_of_agency(), "filelock", "msgspec", "psutil", "yaml"), _be_agency)
