"""The one module that starts processes and waits for them."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NoReturn

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.tools.descendants import dies_with_parent
from agency.tools.signals import shielded

_GRACE = 2.0
_PIPE = 256 * 1024
"""Bytes that are read at once of a program that is watched."""


@frozen
class Completed:
    """How a program ended: its exit code (negative: the signal) and what it printed."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Standard output, undecodable bytes kept as surrogates, without the last newline."""
        return self.out.decode("utf-8", "surrogateescape").removesuffix("\n")

    @property
    def complaint(self) -> str:
        """Standard error on one line, for a message: the first line, which says what is wrong, and the last ones."""
        lines = [line.strip() for line in self.err.decode("utf-8", "replace").strip().splitlines()]
        kept = lines if len(lines) <= 3 else [lines[0], *lines[-2:]]
        return " / ".join(kept)[:400]


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float,
    cwd: str | None = None,
    stdin: bytes | None = None,
    inherit: tuple[int, ...] = (),
) -> Completed:
    """Run a program to its end and return what it printed.

    ``inherit`` are descriptors that the program shares. Raises FileNotFoundError when there is no such program and
    E_TIMEOUT after ``timeout`` seconds; the program and its process group are then ended.
    """
    process = None
    try:
        with shielded():  # a program that runs is known, so that a signal which ends us ends it too
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=inherit,
                process_group=0,
            )
        out, err = process.communicate(stdin, timeout=timeout)
    except BaseException as error:
        if process is not None:
            _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise AgencyError(
                "E_TIMEOUT",
                f"{os.path.basename(argv[0])} did not answer within {timeout:g} s",
                command=" ".join(argv)[:300],
            ) from None
        raise
    return Completed(code=process.returncode, out=out, err=err)


def run_attached(argv: Sequence[str], *, env: Mapping[str, str], cwd: str) -> int:
    """Run a program on the terminal of the caller and return its exit code (128 + signal when a signal ended it).

    Raises FileNotFoundError or PermissionError when it cannot be started.
    """
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(argv, cwd=cwd, env=env, preexec_fn=_default_interrupt)
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, old)
    return 128 - code if code < 0 else code


def start_on_terminal(argv: Sequence[str], *, env: Mapping[str, str], cwd: str) -> "subprocess.Popen[bytes]":
    """Start a program that has the terminal of this process to itself, and go on. Raises OSError when it cannot be started."""
    return subprocess.Popen(argv, cwd=cwd, env=env, process_group=0, preexec_fn=_in_foreground)


class Streamed:
    """A program in a session of its own, standard input closed, whose output is handed out as it comes.

    ``ended``: its output has ended (a child that it left behind may keep it open longer than the program lives).
    """

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, on_output: Callable[[bytes], None]
    ) -> None:
        """Start it. Raises OSError when it cannot be started."""
        import selectors

        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._output = self.process.stdout
        self._on_output = on_output
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self.ended = False

    def pump(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for output and hand it out; whether there was any."""
        if self.ended:
            return False
        if not self._selector.select(seconds):
            return False
        chunk = os.read(self._output.fileno(), 65536)
        self.ended = not chunk
        if chunk:
            self._on_output(chunk)
        return bool(chunk)

    def wait(self, seconds: float) -> None:
        """Wait up to ``seconds`` for the program to end."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def close(self) -> None:
        """Hand out what is there and let go of the output, also when a child left behind goes on printing."""
        end = time.monotonic() + _GRACE
        while self.pump(0.0) and time.monotonic() < end:
            pass
        self._selector.close()
        self._output.close()


class Attended:
    """A program in a session of its own that is watched while it works: its output and its complaints (standard error) are handed
    out apart, as they come. It ends with this process, however that dies, and so does its process group."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, typed: str | None) -> None:
        """Start it; ``typed`` is all of its standard input. Raises OSError when it cannot be started."""
        import selectors
        import tempfile

        with tempfile.TemporaryFile() as stdin, shielded():
            stdin.write((typed or "").encode("utf-8", "surrogateescape"))
            stdin.seek(0)
            self._leash = _leash()
            try:
                self.process = subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=env,
                    stdin=stdin if typed is not None else subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    preexec_fn=_held_by(self._leash),
                )
            except BaseException:
                _let_go(self._leash)
                raise
        assert self.process.stdout is not None and self.process.stderr is not None
        self._pipes = (self.process.stdout, self.process.stderr)
        self._selector = selectors.DefaultSelector()
        for pipe in self._pipes:
            _widen(pipe.fileno())
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)
        self._exit = _exit_descriptor(self.process.pid)
        if self._exit is not None:
            self._selector.register(self._exit, selectors.EVENT_READ)

    @property
    def exit_code(self) -> int | None:
        """Its exit code (negative: the signal that ended it), None while it runs."""
        return self.process.poll()

    def pump(self, seconds: float) -> tuple[bytes, bytes]:
        """Wait up to ``seconds`` for output, complaints or the end of the program, and return what of the two is there now."""
        ready: set[object] = {key.fileobj for key, _ in self._selector.select(seconds)}
        return self._read(0, ready), self._read(1, ready)

    def drain(self) -> tuple[bytes, bytes]:
        """What is left in the pipes once all that wrote into them has ended."""
        parts: list[tuple[bytes, bytes]] = []
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and any(part := self.pump(0.0)):
            parts.append(part)
        return b"".join(out for out, _ in parts), b"".join(err for _, err in parts)

    def close(self) -> None:
        """Let go of the pipes; the program has ended."""
        self.process.wait()
        _let_go(self._leash)
        self._selector.close()
        for pipe in self._pipes:
            pipe.close()
        if self._exit is not None:
            os.close(self._exit)

    def _read(self, which: int, ready: Collection[object]) -> bytes:
        pipe = self._pipes[which]
        if pipe not in ready:
            return b""
        try:
            chunk = os.read(pipe.fileno(), _PIPE)
        except BlockingIOError:
            return b""
        if not chunk:
            self._selector.unregister(pipe)
        return chunk


_LEASH = 'read -r group; read -r nothing; [ -z "$group" ] || kill -KILL "-$group"'


def _leash() -> "subprocess.Popen[bytes]":
    """A shell that kills the process group which it is told as soon as this process is gone: its standard input then ends."""
    argv = ("/bin/sh", "-c", _LEASH)
    quiet = subprocess.DEVNULL
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, cwd="/", start_new_session=True)


def _held_by(leash: "subprocess.Popen[bytes]") -> Callable[[], None]:
    """What a new process that leads its group does before it becomes a program, so that there is no moment at which it, and what
    it starts, could outlive this process."""
    end_with_parent = dies_with_parent()
    assert leash.stdin is not None
    told = leash.stdin.fileno()

    def hold() -> None:
        if end_with_parent is not None:
            end_with_parent()
        os.write(told, b"%d\n" % os.getpid())

    return hold


def _let_go(leash: "subprocess.Popen[bytes]") -> None:
    """What it held has ended, or was never there."""
    leash.kill()
    leash.wait()
    if leash.stdin is not None:
        leash.stdin.close()


def _widen(pipe: int) -> None:
    """Let a pipe hold more than the 64 KB that it usually does, where the system can: a flood is then read in fewer pieces."""
    import fcntl

    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
    except (AttributeError, OSError):  # another system, or the user's share of pipes is used up
        pass


def _exit_descriptor(pid: int) -> int | None:
    """What can be waited on for the end of a process; None where the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def replace(argv: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """Replace this process by another program. Raises FileNotFoundError when there is none."""
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
    os.execvpe(argv[0], list(argv), dict(env))


def _in_foreground() -> None:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(0, os.getpid())
    except OSError:  # no terminal: whatever it is, it can work without
        pass
    for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its process group: TERM first, so that git takes its lock files away, then KILL."""
    try:
        _signal_group(process, signal.SIGTERM)
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal_group(process, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
