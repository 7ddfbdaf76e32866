"""A command that goes on printing until it is told to stop, with what it has printed so far."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping

from internal_tests.support.gate import signals_as_usual
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, World


class Following:
    """The installed command, started and left running. It is ended, if it must be, with the block."""

    def __init__(self, world: World, *words: str, env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [AGENCY, *words],
            cwd=world.repo,
            env={**world.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=signals_as_usual,
        )
        self._parts: dict[str, bytes] = {"out": b"", "err": b""}
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            threading.Thread(target=self._collect, args=("out", self._process.stdout.fileno()), daemon=True),
            threading.Thread(target=self._collect, args=("err", self._process.stderr.fileno()), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _collect(self, part: str, descriptor: int) -> None:
        while chunk := os.read(descriptor, 65536):
            self._parts[part] += chunk

    @property
    def out(self) -> str:
        """What it has printed on standard output."""
        return self._parts["out"].decode(errors="replace")

    @property
    def err(self) -> str:
        """What it has printed on standard error."""
        return self._parts["err"].decode(errors="replace")

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def shows(self, text: str) -> str:
        """What it has printed, as soon as ``text`` is in it."""
        wait_for(lambda: text in self.out or not self.running, f"{text!r} in the output")
        if text not in self.out:
            self.ended()
        assert text in self.out, f"it printed:\n{self.out}{self.err}"
        return self.out

    def signal(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit code that it ends with."""
        self._process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """The exit code, as soon as it has ended by itself."""
        code = self._process.wait(timeout=20)
        for reader in self._readers:
            reader.join(timeout=20)
        return code

    def __enter__(self) -> "Following":
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self.ended()
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdout.close()
        self._process.stderr.close()
