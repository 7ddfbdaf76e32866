"""What tests of finishing a run share: runs with work, and what a branch holds."""

from collections.abc import Mapping
from pathlib import Path

from internal_tests.support.world import SeenRun, World

QUIET = """version: 1
defaults: {runner: still}
runners: {still: {command: [sleep, "86397"]}}
session: {startup_grace: 0ms}
"""
"""An agency.yaml whose runner does nothing."""


def with_work(world: World, name: str, files: Mapping[str, str], message: str = "work", *options: str) -> SeenRun:
    """A run with one commit of its own."""
    run = world.run(name, *options)
    world.commit(files, message, cwd=run.worktree)
    return run


def subjects(world: World, branch: str = "main", *, cwd: Path | None = None) -> list[str]:
    """The subjects of the commits of a branch, newest first, along its first parents."""
    return world.git("log", "--first-parent", "--format=%s", branch, cwd=cwd).splitlines()


def tip(world: World, branch: str = "main") -> str:
    """The commit of a branch."""
    return world.git("rev-parse", f"refs/heads/{branch}")
