"""What commands that must answer at once do not import. Seen with Python's own import log of the installed command."""

import shlex
import sys

import pytest

from internal_tests.support.terminal import Terminal
from internal_tests.support.world import AGENCY, World

SLOW = {"asyncio", "filelock", "libtmux", "msgspec", "psutil", "rich", "yaml"}
# Linux tells when a process started in /proc; elsewhere psutil is asked.
if sys.platform != "linux":
    SLOW -= {"psutil"}
NEEDS_CONFIG = SLOW - {"asyncio", "filelock"}
LOGGED = {"PYTHONPROFILEIMPORTTIME": "1"}


def _imported(log: str) -> set[str]:
    """The top-level packages of an import log."""
    lines = [line for line in log.splitlines() if line.startswith("import time:")]
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert {"agency", "click"} <= names, f"not an import log of agency: {log[-2000:]}"
    return names


def _imported_by(world: World, *words: str) -> set[str]:
    result = world.agency(*words, env=LOGGED)
    assert result.code == 0, result.err
    return _imported(result.err)


@pytest.fixture
def plain(world: World) -> World:
    """A world whose repo has no config file."""
    (world.repo / "agency.yaml").unlink()
    world.git("commit", "--quiet", "--all", "--message=no config")
    return world


def test_ls_imports_nothing_slow(world: World) -> None:
    world.run("one")
    assert _imported_by(world, "ls") & SLOW == set()


def test_ls_as_json_imports_nothing_slow(world: World) -> None:
    world.run("one")
    assert _imported_by(world, "ls", "--json") & SLOW == set()


def test_resume_of_a_live_session_imports_nothing_slow(world: World) -> None:
    world.run("one")
    assert _imported_by(world, "resume", "one", "--detached") & SLOW == set()


def test_attach_imports_nothing_slow(world: World) -> None:
    world.run("one")
    log = world.root / "imports"
    # Standard error goes to a file; the terminal is still the one in which the session is shown.
    line = f"exec {shlex.join([AGENCY, 'attach', 'one'])} 2>{shlex.quote(str(log))}"
    with Terminal(world, "/bin/sh", "-c", line, env=LOGGED) as terminal:
        terminal.shows("demo agent ready")
        assert _imported(log.read_text()) & SLOW == set()


def test_run_without_a_config_file_imports_nothing_that_only_config_needs(plain: World) -> None:
    assert _imported_by(plain, "run", "one", "--runner", "shell", "--detached") & NEEDS_CONFIG == set()


def test_kill_imports_nothing_that_only_config_needs(world: World) -> None:
    world.run("one")
    assert _imported_by(world, "kill", "one") & (NEEDS_CONFIG - {"psutil"}) == set()


def test_the_overview_imports_no_command(world: World) -> None:
    assert "agency.sessions.create" not in world.agency("--help", env=LOGGED).err
