"""Fixtures for all tests. Outside a world nothing of agency works: no data directory, no tmux server."""

from collections.abc import Iterator

import pytest

from internal_tests.support.audit import check_event_logs
from internal_tests.support.github import GitHub, serving
from internal_tests.support.warm import WarmAgency
from internal_tests.support.world import World

_OF_RECOVERY = frozenset({"DOC-REQ-005", "DOC-REQ-008", "DOC-REQ-009"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shows a case of healing can be chosen with ``-k self_heal``, and with ``-k recovery`` where it is about resuming,
    rebuilding or operators."""
    for item in items:
        requirements = {word for mark in item.iter_markers("case") for word in mark.args[1:]}
        if requirements:
            item.add_marker("self_heal")
        if requirements & _OF_RECOVERY:
            item.add_marker("recovery")


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
