"""Fixtures for the tests with real agents. They are installed by ``internal_tests/run``; where they are not, the tests skip, and
in CI that is a failure unless ``AGENCY_TESTS_WITHOUT_AGENTS`` is set."""

from collections.abc import Iterator

import pytest

from internal_tests.agents.agents import AGENTS, ALL_AGENTS, Agent, in_ci
from internal_tests.agents.model_server import Answer, ModelServer


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.name)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the agents whose whole life is tested."""
    return _installed(request.param)


@pytest.fixture(params=ALL_AGENTS, ids=lambda agent: agent.name)
def any_agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents."""
    return _installed(request.param)


def _installed(chosen: object) -> Agent:
    assert isinstance(chosen, Agent)
    if not chosen.program.exists():
        reason = f"{chosen.name} is not installed in {chosen.program.parent}"
        if chosen.everywhere and in_ci():
            pytest.fail(f"{reason}; internal_tests/run does that")
        pytest.skip(f"{reason}; internal_tests/run does that" if chosen.everywhere else f"{reason} or on PATH")
    return chosen


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model server that answers with a number until a test scripts it."""
    place = ModelServer(lambda request: Answer(text="understood"))
    yield place
    place.close()
