"""Fixtures for the tests with real agents. They are installed by ``internal_tests/run``; where they are not, the tests skip, and
in CI that is a failure unless ``AGENCY_TESTS_WITHOUT_AGENTS`` is set."""

import os
from collections.abc import Iterator

import pytest

from internal_tests.agents.agents import AGENTS, Agent
from internal_tests.agents.model_server import Answer, ModelServer


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.name)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents."""
    chosen = request.param
    assert isinstance(chosen, Agent)
    if not chosen.program.exists():
        reason = f"{chosen.name} is not installed in {chosen.program.parent}; internal_tests/run does that"
        if os.environ.get("CI") and not os.environ.get("AGENCY_TESTS_WITHOUT_AGENTS"):
            pytest.fail(reason)
        pytest.skip(reason)
    return chosen


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model server that answers with a number until a test scripts it."""
    place = ModelServer(lambda request: Answer(text="understood"))
    yield place
    place.close()
