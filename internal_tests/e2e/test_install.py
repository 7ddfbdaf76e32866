"""What an installation has: the command, the module, the version, the types."""

import subprocess
import sys
from importlib.metadata import distribution, version
from importlib.resources import files

import agency
from internal_tests.support.world import World


def _module(world: World, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run ``python -m agency`` from outside the checkout."""
    command = [sys.executable, "-m", "agency", *words]
    return subprocess.run(command, cwd=world.root, env=world.env, capture_output=True, text=True)


def test_the_command_prints_the_version_of_the_distribution(world: World) -> None:
    assert world.ok("--version").out == f"agency {version('agency-sessions')}\n"


def test_the_package_has_the_version_of_the_distribution() -> None:
    assert agency.__version__ == version("agency-sessions")


def test_the_module_can_be_run_as_the_command(world: World) -> None:
    done = _module(world, "--version")
    assert (done.returncode, done.stdout) == (0, world.ok("--version").out)


def test_the_module_passes_exit_codes_on(world: World) -> None:
    assert _module(world, "no-such-command").returncode == 2
    assert _module(world, "attach", "nobody", "--repo", str(world.repo)).returncode == 1


def test_the_module_calls_itself_by_the_name_of_the_command(world: World) -> None:
    assert _module(world, "--help").stdout.startswith("Usage: agency ")


def test_the_types_are_shipped() -> None:
    assert files("agency").joinpath("py.typed").is_file()


def test_the_distribution_needs_python_3_11_and_installs_one_command() -> None:
    installed = distribution("agency-sessions")
    assert installed.metadata["Requires-Python"] == ">=3.11"
    assert [point.name for point in installed.entry_points] == ["agency"]
