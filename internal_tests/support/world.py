"""A world for one test: its own home, data and config directory, tmux server and repos, all under one short path."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import libtmux
import psutil

from internal_tests.support.waiting import wait_for

if TYPE_CHECKING:
    from internal_tests.support.warm import WarmAgency

AGENCY = str(Path(sys.executable).parent / "agency")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DEMO_AGENT = str(EXAMPLES / "demo-agent")
KEPT = ("PATH", "LANG", "TERM", "SYSTEMROOT", "TMPDIR")
"""The variables of the caller that commands see too."""


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The ``data`` of a JSON envelope."""
        return json.loads(self.out)["data"]

    @property
    def error(self) -> dict[str, Any]:
        """The ``error`` of a JSON envelope."""
        error = json.loads(self.out)["error"]
        assert isinstance(error, dict)
        return error

    @property
    def error_code(self) -> str:
        """The error code printed on standard error."""
        lines = [line for line in self.err.splitlines() if line.startswith("error_code: ")]
        return lines[-1].removeprefix("error_code: ") if lines else ""

    @property
    def pairs(self) -> dict[str, str]:
        """The ``key: value`` lines of standard output."""
        return dict(line.split(": ", 1) for line in self.out.splitlines() if ": " in line)


class SeenProcess(psutil.Process):
    """A process that may have ended since it was seen: then it has neither name nor words."""

    def name(self) -> str:
        """Its name, empty once it is gone."""
        try:
            return str(super().name())
        except psutil.NoSuchProcess:
            return ""

    def cmdline(self) -> list[str]:
        """Its words, none once it is gone."""
        try:
            return list(super().cmdline())
        except psutil.NoSuchProcess:
            return []


class World:
    """Everything one test touches. Create repos, run the installed ``agency`` and look at what became of it.

    What is entered in ``closing`` ends with the world. ``warm`` is an agency that is loaded already; without it each command
    loads its modules.
    """

    def __init__(self, warm: "WarmAgency | None" = None) -> None:
        self.warm = warm
        self.closing = ExitStack()
        self.root = Path(tempfile.mkdtemp(prefix="agy"))
        self.home = self._directory("home")
        self.data = self.root / "data"
        self.config = self._directory("config")
        self.socket = self.root / "tmux"
        self.env: dict[str, str] = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env.update(
            HOME=str(self.home),
            SHELL="/bin/sh",
            AGENCY_TEST_ROOT=str(self.root),
            AGENCY_DATA_DIR=str(self.data),
            AGENCY_CONFIG_DIR=str(self.config),
            AGENCY_TMUX_SOCKET=str(self.socket),
            AGENCY_ALLOW_SCRIPTS="1",
            TMUX_TMPDIR=str(self._directory("tmux-default")),
            GIT_CONFIG_NOSYSTEM="1",
            GIT_AUTHOR_NAME="tester",
            GIT_AUTHOR_EMAIL="tester@localhost",
            GIT_COMMITTER_NAME="tester",
            GIT_COMMITTER_EMAIL="tester@localhost",
            TERM=os.environ.get("TERM", "xterm-256color"),
        )
        self.repo = self.make_repo("repo")

    def _directory(self, name: str) -> Path:
        path = self.root / name
        path.mkdir()
        return path

    def make_repo(self, name: str, files: Mapping[str, str] | None = None, *, demo: bool = True) -> Path:
        """A repo with one commit on ``main``; with ``demo``, its agency.yaml makes the demo agent the default runner."""
        path = self.root / name
        path.mkdir(parents=True)
        contents = {"README.md": "a repo\n", **(files or {})}
        if demo and "agency.yaml" not in contents:
            contents["agency.yaml"] = demo_config()
        for file, text in contents.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_text(text)
        self.git("init", "--quiet", "--initial-branch=main", cwd=path)
        self.git("add", "--all", cwd=path)
        self.git("commit", "--quiet", "--message=first", cwd=path)
        return path

    def commit(self, files: Mapping[str, str], message: str = "change", *, cwd: Path | None = None) -> str:
        """Write files, commit them and return the commit."""
        place = cwd or self.repo
        for file, text in files.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_text(text)
        self.git("add", "--all", cwd=place)
        self.git("commit", "--quiet", f"--message={message}", cwd=place)
        return self.git("rev-parse", "HEAD", cwd=place)

    def git(self, *words: str, cwd: Path | None = None, check: bool = True) -> str:
        """The output of a git command."""
        done = subprocess.run(
            ["git", *words],
            cwd=cwd or self.repo,
            env=self.env,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def agency(
        self,
        *words: str,
        cwd: Path | None = None,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Result:
        """Run the command without a terminal: the installed one, or a fork of one that is loaded already where that makes no
        difference."""
        place, environ = cwd or self.repo, {**self.env, **(env or {})}
        loaded = self.warm if stdin is None else None
        if loaded and (result := loaded.call(words, cwd=place, env=environ, timeout=timeout)):
            return result
        done = subprocess.run(
            [AGENCY, *words],
            cwd=place,
            env=environ,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
        )
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def ok(self, *words: str, cwd: Path | None = None, stdin: str | bytes | None = None) -> Result:
        """:meth:`agency`, insisting on exit code 0."""
        result = self.agency(*words, cwd=cwd, stdin=stdin)
        assert result.code == 0, f"agency {' '.join(words)}: {result.code}\n{result.out}{result.err}"
        return result

    def spawn(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start the installed command and go on; it is ended with the world."""
        return subprocess.Popen(
            [AGENCY, *words],
            cwd=cwd or self.repo,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, name: str, *words: str, cwd: Path | None = None) -> "SeenRun":
        """Make a detached run and return it."""
        result = self.ok("run", "--name", name, "--detached", *words, cwd=cwd)
        return self.find(result.pairs["run_id"])

    def find(self, run_id: str) -> "SeenRun":
        """A run by its id, wherever its record stands."""
        (record,) = [path for path in self.data.glob(f"repos/*/*/{run_id}/meta.json") if path.parts[-3] != "worktrees"]
        return SeenRun(self, record.parent)

    def runs(self) -> list[dict[str, Any]]:
        """What ``agency ls --all --all-repos --json`` says."""
        data = self.ok("ls", "--all", "--all-repos", "--json").data
        assert isinstance(data, list)
        return data

    @property
    def tmux(self) -> libtmux.Server:
        """The tmux server of this world, looked at with another library than agency's."""
        return libtmux.Server(socket_path=str(self.socket))

    def sessions(self) -> list[str]:
        """The names of the sessions on the tmux server; none when it does not run."""
        done = self.tmux_ask("list-sessions", "-F", "#{session_name}")
        return done.stdout.split() if done.returncode == 0 else []

    def tmux_ask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Call tmux on the server of this world."""
        env = {key: value for key, value in self.env.items() if not key.startswith("AGENCY")}
        return subprocess.run(["tmux", "-S", str(self.socket), "-u", *words], env=env, capture_output=True, text=True)

    def tmux_server_pid(self) -> int | None:
        """The process id of the tmux server, None when it does not run."""
        done = self.tmux_ask("display-message", "-p", "#{pid}")
        return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None

    def kill_tmux_server(self) -> None:
        """End the tmux server with SIGKILL and wait until it is gone."""
        pid = self.tmux_server_pid()
        assert pid is not None
        server = psutil.Process(pid)
        server.kill()
        wait_for(lambda: not _lives(server), "the tmux server to be gone")

    def processes(self) -> list[psutil.Process]:
        """Every living process that belongs to this world."""
        mark = f"AGENCY_TEST_ROOT={self.root}".encode()
        found: list[psutil.Process] = []
        for pid in psutil.pids():
            try:
                if mark in _environment(pid) and (process := SeenProcess(pid)).status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def program_names(self) -> set[str]:
        """The names of the programs that run in this world."""
        return {process.name() for process in self.processes()}

    def reboot(self, *runs: "SeenRun") -> None:
        """What a restart of the machine leaves: no tmux server, a stale socket, launches of an earlier boot."""
        self.kill_tmux_server()
        assert self.socket.exists()
        for run in runs:
            record = run.directory / "session.json"
            launch = json.loads(record.read_text())
            record.write_text(json.dumps({**launch, "boot_id": "00000000-0000-0000-0000-000000000000"}))

    def close(self) -> list[str]:
        """End everything that was started and remove every file; what had to be ended besides the tmux server."""
        self.closing.close()
        pid = self.tmux_server_pid() if self.socket.exists() else None
        if pid is not None:
            self.tmux_ask("kill-server")
            wait_for(lambda: not psutil.pid_exists(pid) or not _lives(psutil.Process(pid)), "the tmux server to end")
            self._wait_for_the_dying()
        left = []
        for process in self.processes():
            try:
                left.append(f"{process.pid} {' '.join(process.cmdline())}")
                process.send_signal(signal.SIGKILL)
            except psutil.Error:
                continue
        _make_removable(self.root)
        shutil.rmtree(self.root, ignore_errors=True)
        return left

    def _wait_for_the_dying(self, seconds: float = 20.0) -> None:
        """Give what the end of the tmux server has hung up the time to end."""
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.02)

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class SeenRun:
    """A run as its files and git show it."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.id = directory.name
        self._repo_directory = directory.parents[1]

    @property
    def directory(self) -> Path:
        """Where its record stands now."""
        for part in ("runs", "archive"):
            place = self._repo_directory / part / self.id
            if place.exists():
                return place
        raise AssertionError(f"run {self.id} has no record")

    @property
    def archived(self) -> bool:
        """Whether its record stands in the archive."""
        return self.directory.parent.name == "archive"

    @property
    def meta(self) -> dict[str, Any]:
        """Its ``meta.json``."""
        data = json.loads((self.directory / "meta.json").read_text())
        assert isinstance(data, dict)
        return data

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.meta["name"])

    @property
    def branch(self) -> str:
        """Its branch."""
        return str(self.meta["branch"])

    @property
    def worktree(self) -> Path:
        """Where its worktree is, or was."""
        return self._repo_directory / "worktrees" / self.id

    @property
    def session(self) -> str:
        """The name of its session."""
        return f"agency_{self.id}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its events, oldest first."""
        return [json.loads(line) for line in (self.directory / "events.jsonl").read_text().splitlines() if line]

    def event_names(self) -> list[str]:
        """The names of its events, oldest first."""
        return [event["event"] for event in self.events]

    def status(self) -> str:
        """What ``agency ls`` says about it."""
        return str(self.row()["derived_status"])

    def row(self) -> dict[str, Any]:
        """What ``agency ls --json`` says about it."""
        (row,) = [row for row in self.world.runs() if row["run_id"] == self.id]
        return row

    def pane(self) -> dict[str, str]:
        """The pane of its runner as tmux tells it: pane_id, pid, dead, cwd."""
        done = self.world.tmux_ask(
            "list-panes",
            "-s",
            "-t",
            f"={self.session}:",
            "-F",
            "#{pane_id} #{pane_pid} #{pane_dead} #{pane_current_path}",
        )
        assert done.returncode == 0, done.stderr
        pane_id, pid, dead, cwd = done.stdout.splitlines()[0].split(" ", 3)
        return {"pane_id": pane_id, "pid": pid, "dead": dead, "cwd": cwd}

    def screen(self) -> str:
        """What its pane shows, with its history."""
        done = self.world.tmux_ask("capture-pane", "-p", "-J", "-S", "-", "-t", f"={self.session}:")
        return done.stdout if done.returncode == 0 else ""

    def wait_for_screen(self, text: str, timeout: float = 20.0) -> str:
        """The screen, as soon as ``text`` is on it."""
        wait_for(lambda: text in self.screen(), f"{text!r} on the screen of {self.id}", timeout)
        return self.screen()

    def type(self, line: str) -> None:
        """Type a line into its pane."""
        self.world.tmux_ask("send-keys", "-t", f"={self.session}:", "-l", line)
        self.world.tmux_ask("send-keys", "-t", f"={self.session}:", "Enter")

    def wait_for_exit(self) -> int:
        """The exit code of its runner, as soon as the shim has written it."""

        def code() -> list[int]:
            files = sorted(self.directory.glob("launches/*/exit"))
            return [int(files[-1].read_text())] if files else []

        return wait_for(code, "the runner to exit")[0]


def demo_config(*, runner_args: Iterable[str] = (), more: str = "") -> str:
    """An agency.yaml that makes the demo agent the default runner, and has it watched for less than the usual 300 ms."""
    command = json.dumps([sys.executable, DEMO_AGENT, *runner_args])
    more = more if "session:" in more else f"{more}session: {{startup_grace: 100ms}}\n"
    return f"version: 1\ndefaults: {{runner: demo}}\nrunners:\n  demo: {{command: {command}}}\n{more}"


def _environment(pid: int) -> list[bytes]:
    """The variables of a process; from the kernel's own file where there is one, because tests look at all processes often."""
    if sys.platform == "linux":
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    return [f"{name}={value}".encode() for name, value in psutil.Process(pid).environ().items()]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _make_removable(root: Path) -> None:
    for place, directories, _ in os.walk(root):
        for name in directories:
            path = Path(place) / name
            if not path.is_symlink():
                path.chmod(0o700)
