"""Running a command line of a plan to its end: in a directory, within a time, with all that it started gone afterwards."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from agency.domain.job import SHELL
from agency.sessions.environment import OWNER, without_run
from agency.store.failures import told_plainly
from agency.tools.process import Attended
from agency.tools.processtree import Mark, end_tree

_TICK = 0.2
_GRACE = 2.0
_SHOWN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnd:
    """How a command ended: its exit code (negative: a signal), None when its time was over. ``said`` is the end of what it
    printed, ``log`` where all of it is."""

    exit_code: int | None
    said: str
    log: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.exit_code == 0


def run_line(
    line: str,
    *,
    directory: str,
    environ: Mapping[str, str],
    owner: str,
    timeout: float,
    log: str,
    more: Mapping[str, str] | None = None,
) -> CommandEnd:
    """Run ``line`` in a shell in ``directory``. ``owner`` marks what it starts, ``more`` are variables besides those of the
    caller. Raises E_DISK_FULL or E_STORE_FAILED when the log cannot be written."""
    environment = {**without_run(environ), OWNER: owner, "AGENCY_NONINTERACTIVE": "1", "CI": "1", **(more or {})}
    begun = time.monotonic()
    tail = b""
    with told_plainly("writing a log", log), open(log, "wb") as file:
        try:
            program = Attended((*SHELL, line), env=environment, cwd=directory, typed=None)
        except OSError as error:
            said = f"{SHELL[0]}: {error.strerror}"
            file.write(said.encode())
            return CommandEnd(exit_code=127, said=said, log=log, seconds=0.0)
        try:
            while program.exit_code is None and time.monotonic() - begun < timeout:
                for chunk in program.pump(_TICK):
                    file.write(chunk)
                    tail = (tail + chunk)[-_SHOWN:]
            late = program.exit_code is None
        finally:
            end_tree(
                [program.process.pid],
                Mark(variable=OWNER, value=owner, directory=os.path.realpath(directory)),
                grace=_GRACE,
            )
        for chunk in program.drain():
            file.write(chunk)
            tail = (tail + chunk)[-_SHOWN:]
        program.close()
        if late:
            note = f"\nnot done after {timeout:g} s\n".encode()
            file.write(note)
            tail = (tail + note)[-_SHOWN:]
    return CommandEnd(
        exit_code=None if late else program.process.returncode,
        said=tail.decode("utf-8", "replace").strip(),
        log=log,
        seconds=time.monotonic() - begun,
    )
