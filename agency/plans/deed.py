"""Deeds of the conductor that take their time, each in a process of its own, so that the conductor itself never waits.

A deed is a fork of the conductor. It ends with it, however the conductor dies, and so does all that the deed has started; what it
has to say is JSON. The conductor has no other threads, so that forking is safe.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.tools.descendants import dies_with_parent


@dataclass(slots=True, kw_only=True)
class Deed:
    """A deed that was begun. ``name`` tells what it is; ``tasks`` are those that it is about; ``pipe`` is the
    descriptor that it says what it has to say on."""

    name: str
    tasks: tuple[str, ...]
    pid: int
    pipe: int
    _said: bytes = b""

    def result(self) -> "Result | None":
        """What came of it, None while it goes on."""
        while True:
            try:
                chunk = os.read(self.pipe, 65536)
            except BlockingIOError:
                return None
            if not chunk:
                break
            self._said += chunk
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pipe)
        return _result(self._said, os.waitstatus_to_exitcode(status))

    def end(self) -> None:
        """End it, in order, and all that it has started."""
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass


@frozen
class Result:
    """What came of a deed: what it ``told``, or the ``error`` that it ended with. ``died``: it was killed."""

    told: Mapping[str, Any] | None = None
    error: AgencyError | None = None
    died: bool = False


def begin(name: str, tasks: tuple[str, ...], deed: Callable[[], Mapping[str, Any]], *, not_shared: int) -> Deed:
    """Begin ``deed``. The descriptor ``not_shared`` is closed in its process."""
    sys.stdout.flush()
    sys.stderr.flush()
    end_with_parent = dies_with_parent()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(read)
            os.close(not_shared)
            if end_with_parent is not None:
                end_with_parent()
            _become_deed()
            _say(write, _carried_out(deed))
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    os.set_blocking(read, False)
    return Deed(name=name, tasks=tasks, pid=pid, pipe=read)


def _become_deed() -> None:
    """Ctrl-C at the terminal is the conductor's to hear; TERM ends a deed in order. Output goes nowhere."""
    os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _ended)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)


def _ended(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _carried_out(deed: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    try:
        return {"told": dict(deed())}
    except AgencyError as error:
        details = {key: value for key, value in error.details.items() if isinstance(value, str | int | float | list)}
        return {"error": {"code": error.code, "message": error.message, "hint": error.hint, "details": details}}
    except KeyboardInterrupt:
        return {"error": {"code": "E_INTERRUPTED", "message": "stopped by a signal", "hint": None, "details": {}}}
    except BaseException as error:
        told = f"something unexpected happened: {type(error).__name__}: {error}"
        trace = traceback.format_exc().splitlines()
        return {"error": {"code": "E_INTERNAL", "message": told, "hint": None, "details": {"traceback": trace}}}


def _say(fd: int, result: Mapping[str, Any]) -> None:
    content = memoryview(json.dumps(result, default=str).encode())
    while content:
        content = content[os.write(fd, content) :]


def _result(said: bytes, exit_code: int) -> Result:
    try:
        result = json.loads(said)
    except ValueError:
        return Result(died=True, error=AgencyError("E_INTERNAL", f"it was ended from outside (exit code {exit_code})"))
    if "told" in result:
        return Result(told=result["told"])
    error = result["error"]
    return Result(error=AgencyError(error["code"], error["message"], hint=error["hint"], **error["details"]))
