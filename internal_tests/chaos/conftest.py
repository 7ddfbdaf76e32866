"""Fixtures for the kill tests."""

from collections.abc import Iterator

import pytest

from internal_tests.chaos.warmworker import WarmWorker


@pytest.fixture(scope="session")
def worker() -> Iterator[WarmWorker]:
    """One process from which every worker that is to be killed is forked."""
    warm = WarmWorker()
    yield warm
    warm.close()
