"""Calling services of agency as the command line does, for tests of what has no command of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agency.domain.ids import RepoId, RunId
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.store.paths import find_paths
from agency.store.runs import load_run
from internal_tests.support.world import SeenRun, World


def context_of(world: World, *, cwd: Path | None = None) -> Context:
    """A call typed in the repo of the world."""
    return Context(
        environ=world.env,
        cwd=str(cwd or world.repo),
        paths=find_paths(world.env),
        command="agency test",
        lock_timeout=10.0,
        tell=lambda text: None,
        busy=_silent,
        allow_scripts=True,
    )


@contextmanager
def _silent(what: str) -> Iterator[None]:
    yield


def load(world: World, seen: SeenRun) -> Run:
    """The run as its record tells it."""
    repo_id = RepoId(seen.directory.parents[1].name)
    run = load_run(find_paths(world.env), repo_id, RunId(seen.id), archived=seen.archived)
    assert isinstance(run, Run)
    return run
