"""Fixtures for all tests. Outside a world nothing of agency works: no data directory, no tmux server."""

from collections.abc import Iterator

import pytest

from internal_tests.support.audit import check_event_logs
from internal_tests.support.github import GitHub, serving
from internal_tests.support.warm import WarmAgency
from internal_tests.support.world import World


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmAgency]:
    """One process for all tests of a worker."""
    agency = WarmAgency()
    yield agency
    agency.close()


@pytest.fixture
def world(warm: WarmAgency) -> Iterator[World]:
    """A private world. After the test its event logs are checked, and processes left behind fail the test."""
    place = World(warm)
    try:
        yield place
        check_event_logs(place.data)
    finally:
        left = place.close()
    assert not left, f"processes left behind: {left}"


@pytest.fixture
def github(world: World) -> GitHub:
    """A GitHub of the world's own, which is the origin of its repo and which ``gh`` talks to."""
    return world.closing.enter_context(serving(GitHub(world)))
