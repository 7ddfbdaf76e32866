"""``examples/quickstart``, run from a copy of the checkout as a newcomer would, twice, and stopped."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from internal_tests.support.terminal import Terminal
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

ROOT = Path(__file__).resolve().parents[2]


class Tour:
    """A copy of the checkout in the world, and its quickstart."""

    def __init__(self, world: World, directory: str) -> None:
        self.world = world
        self.checkout = world.root / directory
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.checkout / name)
        self.files = self.files_outside()
        self.place = self.checkout / "examples" / ".quickstart"

    def files_outside(self) -> set[Path]:
        """Everything in the checkout but the folder of the tour."""
        own = self.checkout / "examples" / ".quickstart"
        return {path for path in self.checkout.rglob("*") if path != own and own not in path.parents}

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run it from elsewhere, with nothing of this test's agency to be seen."""
        hidden = ("AGENCY_DATA_DIR", "AGENCY_CONFIG_DIR", "AGENCY_TMUX_SOCKET", "AGENCY_ALLOW_SCRIPTS")
        env = {key: value for key, value in self.world.env.items() if key not in hidden}
        return subprocess.run(
            [self.checkout / "examples" / "quickstart", *words],
            cwd="/",
            env={**env, "AGENCY_QUICKSTART_PYTHON": sys.executable, "TMPDIR": str(self.world.root)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def ok(self, *words: str) -> str:
        """The same, insisting on success; what it printed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def socket(self) -> Path:
        """Where its tmux server is."""
        return Path((self.place / "socket-directory").read_text().strip()) / "tmux"

    def sessions(self) -> list[str]:
        """The sessions of its tmux server."""
        words = ["tmux", "-S", str(self.socket), "-u", "list-sessions", "-F", "#{session_name}"]
        return subprocess.run(words, env=self.world.env, capture_output=True, text=True).stdout.split()


@pytest.fixture
def tour(world: World) -> Tour:
    """A tour from a checkout whose path has a space in it."""
    return Tour(world, "a checkout")


def test_the_tour_starts_kills_and_resumes_a_run_and_shows_its_events(tour: Tour) -> None:
    said = tour.ok()
    (session,) = tour.sessions()
    steps = (
        "$ agency allow --yes",
        "runners.demo  allowed",
        "$ agency run --detached --prompt 'say hello'",
        f"tmux: {session}",
        "$ agency wait say-hello --for done --timeout 60s",
        "done",
        "$ agency ls",
        "say-hello  done",
        "$ agency kill say-hello",
        "say-hello  stopped",
        "$ agency resume say-hello --detached",
        f"ok: session {session} ready",
        "$ agency wait say-hello --for done --timeout 60s",
        "$ agency logs say-hello",
        "earlier: you said: say hello",
        "say-hello  done",
        "$ agency events say-hello",
        "demo.thread.resumed",
        "resume_create",
    )
    position = 0
    for step in steps:
        assert step in said[position:], f"{step!r} is missing or too early in\n{said}"
        position = said.index(step, position) + len(step)
    tour.ok("--stop")


def test_the_tour_may_be_repeated_and_keeps_the_runs_of_before(tour: Tour) -> None:
    tour.ok()
    before = tour.sessions()
    said = tour.ok()
    assert re.search(r"say-hello-2 +done", said)
    assert len(tour.sessions()) == 2
    assert set(before) < set(tour.sessions())
    tour.ok("--stop")


def test_the_line_that_the_tour_tells_to_paste_shows_the_session(tour: Tour) -> None:
    said = tour.ok()
    (line,) = [line for line in said.splitlines() if line.startswith("env ")]
    with Terminal(tour.world, *shlex.split(line), cwd=Path("/")) as terminal:
        terminal.type("hello there")
        terminal.shows("you said: hello there")
    tour.ok("--stop")


def test_the_exports_that_the_tour_shows_make_agency_see_its_runs(tour: Tour) -> None:
    said = tour.ok()
    lines = [line[2:] for line in said.splitlines() if line.startswith(("$ export ", "$ cd "))]
    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join([*lines, "agency ls"])],
        env={"PATH": tour.world.env["PATH"], "AGENCY_TEST_ROOT": str(tour.world.root)},
        capture_output=True,
        text=True,
    )
    assert re.search(r"say-hello +done", done.stdout), done.stderr
    tour.ok("--stop")


def test_the_tour_leaves_nothing_outside_its_folder(tour: Tour) -> None:
    tour.ok()
    outside = {path for path in tour.world.root.iterdir() if path != tour.checkout}
    assert tour.files_outside() == tour.files
    assert {path.name for path in outside} == {"home", "config", "repo", "tmux-default"}
    assert list(tour.world.home.iterdir()) == []
    tour.ok("--stop")


def test_stop_ends_every_process_and_removes_the_folder(tour: Tour) -> None:
    tour.ok()
    assert tour.world.processes()
    tour.ok("--stop")
    assert not tour.place.exists()
    wait_for(lambda: not tour.world.processes(), "every process of the tour to end")
    assert tour.files_outside() == tour.files


def test_stop_twice_is_fine(tour: Tour) -> None:
    tour.ok()
    tour.ok("--stop")
    assert "nothing to stop" in tour.ok("--stop")


def test_in_a_deep_checkout_the_socket_lies_elsewhere_and_stop_removes_that_too(world: World) -> None:
    tour = Tour(world, "/".join(["a-rather-long-name"] * 6))
    assert "too long for a socket" in tour.run().stderr
    assert len(str(tour.socket)) < 100
    assert len(tour.sessions()) == 1
    place = tour.socket.parent
    tour.ok("--stop")
    assert not place.exists()


def test_an_unknown_word_is_a_usage_error_that_starts_nothing(tour: Tour) -> None:
    done = tour.run("--halt")
    assert done.returncode == 2
    assert "examples/quickstart --stop" in done.stdout
    assert not tour.place.exists()
