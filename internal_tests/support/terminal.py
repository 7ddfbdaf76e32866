"""A real terminal for a test: a tmux server of its own, driven by keys and read as a person reads the screen."""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, World


class OtherTmux:
    """A tmux server beside the one that agency uses; its socket lies in the world. Ended, with all its processes, on exit."""

    def __init__(self, world: World, name: str) -> None:
        self.socket = world.root / name
        self._env = {key: value for key, value in world.env.items() if not key.startswith("TMUX")}

    def ask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Call tmux on this server."""
        return subprocess.run(
            ["tmux", "-S", str(self.socket), "-f", "/dev/null", "-u", *words],
            env=self._env,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
        )

    def do(self, *words: str) -> str:
        """The same, insisting on success; what it printed."""
        done = self.ask(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pid(self) -> int | None:
        """The process id of the server, None when it does not run."""
        done = self.ask("display-message", "-p", "#{pid}") if self.socket.exists() else None
        return int(done.stdout) if done is not None and done.returncode == 0 and done.stdout.strip() else None

    def close(self) -> None:
        """End the server and wait until it and everything that ran in it is gone."""
        pid = self.pid()
        if pid is None:
            return
        server = psutil.Process(pid)
        family = [server, *server.children(recursive=True)]
        self.ask("kill-server")
        wait_for(lambda: not any(_lives(one) for one in family), f"the tmux server {self.socket.name} to end")

    def __enter__(self) -> "OtherTmux":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Terminal:
    """One program in a terminal window, 120 columns by 40 lines. Closing it is closing the window."""

    _made = 0

    def __init__(
        self, world: World, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        Terminal._made += 1
        self._tmux = OtherTmux(world, f"term{Terminal._made}")
        self._ended = world.root / f"term{Terminal._made}.code"
        program = "\n".join(
            (
                "trap : INT QUIT",
                *(f"export {name}={shlex.quote(value)}" for name, value in {**world.env, **(env or {})}.items()),
                f"unset TMUX TMUX_PANE\ncd {shlex.quote(str(cwd or world.repo))}",
                shlex.join(words or ("/bin/sh",)),
                f"echo $? > {self._ended}.new; mv {self._ended}.new {self._ended}",
                "sleep 600",
            )
        )
        self._tmux.do("new-session", "-d", "-x", "120", "-y", "40", "/bin/sh", "-c", program)
        self._tmux.do("set-option", "-g", "status", "off", ";", "set-option", "-g", "prefix", "None")

    @property
    def screen(self) -> str:
        """What a person sees now."""
        return self._tmux.ask("capture-pane", "-p", "-J").stdout

    def shows(self, text: str, timeout: float = 20.0) -> str:
        """The screen, as soon as ``text`` is on it."""
        try:
            wait_for(lambda: text in self.screen, "it", timeout)
        except AssertionError:
            raise AssertionError(
                f"no {text!r} on the terminal within {timeout:g} s, which shows:\n{self.screen}"
            ) from None
        return self.screen

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        self._tmux.do("send-keys", "-l", line)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys, named as tmux names them."""
        self._tmux.do("send-keys", *keys)

    def detach(self) -> None:
        """Press Ctrl-b d, which leaves a session."""
        self.press("C-b", "d")

    def ended(self, timeout: float = 20.0) -> int:
        """The exit code of the program, as soon as it has ended."""
        try:
            wait_for(self._ended.exists, "it", timeout)
        except AssertionError:
            raise AssertionError(f"the program did not end within {timeout:g} s; it shows:\n{self.screen}") from None
        return int(self._ended.read_text())

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return not self._ended.exists()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *exception: object) -> None:
        self._tmux.close()


def agency_in_terminal(world: World, *words: str, cwd: Path | None = None) -> Terminal:
    """The installed command in a terminal."""
    return Terminal(world, AGENCY, *words, cwd=cwd)


def clients(world: World) -> list[str]:
    """The terminals that show a session of agency's server: ``session readonly`` for each."""
    done = world.tmux_ask("list-clients", "-F", "#{client_session} #{client_readonly}")
    return done.stdout.splitlines() if done.returncode == 0 else []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
