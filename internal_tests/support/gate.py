"""Holding a program of the repo (a script, a git filter) at a point until the test lets it go on."""

import errno
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, Result, World, demo_config


class Gate:
    """A point that a shell program waits at. Put ``shell`` into the program; it passes at once after :meth:`open`."""

    def __init__(self, world: World, name: str = "gate") -> None:
        self._fifo = world.root / f"{name}.fifo"
        self._reached = world.root / f"{name}.reached"
        self._opened = world.root / f"{name}.opened"
        os.mkfifo(self._fifo)

    @property
    def shell(self) -> str:
        """A line of POSIX sh that waits."""
        return f"[ -e '{self._opened}' ] || {{ : > '{self._reached}'; read -r _ < '{self._fifo}' || :; }}"

    def wait(self, timeout: float = 20.0) -> None:
        """Wait until a program has come to the gate."""
        wait_for(self._reached.exists, f"a program to come to {self._reached.stem}", timeout)

    def stand_open(self) -> None:
        """Let every later program pass, the one that waited having been ended."""
        self._opened.touch()

    def open(self) -> None:
        """Let the program that waits go on, and every later one."""
        self.stand_open()

        def released() -> bool:
            try:
                os.close(os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK))
            except OSError as error:
                assert error.errno == errno.ENXIO, error
                return False
            return True

        wait_for(released, "the program at the gate to be let go")


def script_config(*, timeout: str = "60s", more: str = "", **scripts: str) -> str:
    """An agency.yaml with the demo agent and scripts (``setup``, ``archive``) given as lines of POSIX sh."""
    commands = {name: {"command": ["/bin/sh", "-c", text], "timeout": timeout} for name, text in scripts.items()}
    return demo_config(more=f"scripts: {json.dumps(commands)}\n{more}")


def hold_files(world: World, gate: Gate, *, filter_of: str, repo: Path | None = None) -> None:
    """Make git wait at ``gate`` for every file ``*.held``: when it is checked out (``smudge``) or read in (``clean``)."""
    program = world.root / f"{filter_of}.sh"
    program.write_text(f"{gate.shell}\nexec cat\n")
    world.git("config", f"filter.hold.{filter_of}", f"/bin/sh {program}", cwd=repo)
    world.commit({".gitattributes": "*.held filter=hold\n"}, "attributes", cwd=repo)


class Spawned:
    """A command that a test interrupts."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the command alone, as ``kill`` does."""
        self.process.send_signal(number)

    def end(self, timeout: float = 30.0) -> Result:
        """How it ended, as soon as it has."""
        out, err = self.process.communicate(timeout=timeout)
        return Result(self.process.returncode, out.decode(errors="replace"), (err or b"").decode(errors="replace"))


@contextmanager
def spawned(
    world: World,
    *words: str,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    ignoring: tuple[signal.Signals, ...] = (),
) -> Iterator[Spawned]:
    """The installed command, going on beside the test; killed at the end when it still runs. ``ignoring``: signals that its
    caller has it ignore, as nohup does."""

    def before() -> None:
        signals_as_usual()
        for number in ignoring:
            signal.signal(number, signal.SIG_IGN)

    process = subprocess.Popen(
        [AGENCY, *words],
        cwd=cwd or world.repo,
        env={**world.env, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=before,
    )
    try:
        yield Spawned(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def signals_as_usual() -> None:
    """A suite that runs in the background of a script ignores INT, and so would all it starts."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
