"""Fixtures for the kill tests: worlds whose commands, but for those that are killed, are typed to an ``agency`` that is loaded
already."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from internal_tests.chaos.warmworker import WarmWorker
from internal_tests.support.audit import check_event_logs
from internal_tests.support.warm import WarmAgency
from internal_tests.support.world import Result, World


class WarmWorld(World):
    """A world in which a command without an environment of its own needs no start of Python."""

    def agency(
        self,
        *words: str,
        cwd: Path | None = None,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Result:
        """Run the command without a terminal."""
        if stdin is not None or env is not None or self.warm is None:
            return super().agency(*words, cwd=cwd, stdin=stdin, env=env, timeout=timeout)
        return self.warm.call(words, cwd=cwd or self.repo, env=self.env)


@pytest.fixture
def world(warm: WarmAgency) -> Iterator[World]:
    """A private world. After the test its event logs are checked, and processes left behind fail the test."""
    place = WarmWorld(warm)
    try:
        yield place
        check_event_logs(place.data)
    finally:
        left = place.close()
    assert not left, f"processes left behind: {left}"


@pytest.fixture(scope="session")
def worker() -> Iterator[WarmWorker]:
    """One process from which every worker that is to be killed is forked."""
    warm = WarmWorker()
    yield warm
    warm.close()
