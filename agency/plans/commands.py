"""Running a program of a plan to its end: in a directory, within a time, with all that it started gone afterwards."""

import os
import time
from collections.abc import Mapping, Sequence

from agency.domain.frozen import frozen
from agency.domain.job import SHELL
from agency.sessions.environment import OWNER, without_run
from agency.store.failures import told_plainly
from agency.tools.process import Attended
from agency.tools.processtree import Mark, end_tree

_TICK = 0.2
_GRACE = 2.0
_SHOWN = 2000
_HEARD = 16 * 1024 * 1024
"""Bytes of standard output that are kept: the last ones."""


@frozen
class CommandEnd:
    """How a program ended: its exit code (negative: a signal), None when its time was over. ``said`` is the end of what it
    printed, ``log`` where all of it is; ``out`` is its standard output alone."""

    exit_code: int | None
    said: str
    log: str
    seconds: float
    out: bytes = b""

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
    return run_program(
        (*SHELL, line),
        directory=directory,
        environ=without_run(environ),
        owner=owner,
        timeout=timeout,
        log=log,
        more={"CI": "1", **(more or {})},
    )


def run_program(
    argv: Sequence[str],
    *,
    directory: str,
    environ: Mapping[str, str],
    owner: str,
    timeout: float,
    log: str,
    more: Mapping[str, str] | None = None,
    typed: str | None = None,
    spared: tuple[str, ...] = (),
) -> CommandEnd:
    """The same for a program, which finds ``typed`` on its standard input. Servers that carry one of the words ``spared`` in
    their command line belong to the user and stay."""
    environment = {**environ, OWNER: owner, "AGENCY_NONINTERACTIVE": "1", **(more or {})}
    begun = time.monotonic()
    tail, out = b"", bytearray()

    with told_plainly("writing a log", log), open(log, "wb") as file:

        def take(heard: tuple[bytes, bytes]) -> None:
            nonlocal tail
            out.extend(heard[0])
            del out[:-_HEARD]
            for chunk in heard:
                file.write(chunk)
                tail = (tail + chunk)[-_SHOWN:]

        try:
            program = Attended(argv, env=environment, cwd=directory, typed=typed)
        except OSError as error:
            said = f"{argv[0]}: {error.strerror}"
            file.write(said.encode())
            return CommandEnd(exit_code=127, said=said, log=log, seconds=0.0)
        try:
            while program.exit_code is None and time.monotonic() - begun < timeout:
                take(program.pump(_TICK))
            late = program.exit_code is None
        finally:
            end_tree(
                [program.process.pid],
                Mark(variable=OWNER, value=owner, directory=os.path.realpath(directory), spared=spared),
                grace=_GRACE,
            )
        take(program.drain())
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
        out=bytes(out),
    )
