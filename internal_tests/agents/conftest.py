"""Fixtures for the tests with real agents. They are installed by ``internal_tests/run``; where they are not, the tests skip.
In CI every skip of this folder is a failure, unless ``AGENCY_TESTS_WITHOUT_AGENTS`` is set or CI does not install the agent."""

import os
from collections.abc import Generator, Iterator

import pytest

from internal_tests.agents.agents import AGENTS, ALL_AGENTS, EVERY_VERSION, OPTIONAL, Agent
from internal_tests.agents.model_server import Answer, ModelServer


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.label)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the agents whose whole life is tested, in its newest version."""
    return _chosen(request.param)


@pytest.fixture(params=EVERY_VERSION, ids=lambda agent: agent.label)
def version(request: pytest.FixtureRequest) -> Agent:
    """The same in each pinned version."""
    return _chosen(request.param)


@pytest.fixture(params=ALL_AGENTS, ids=lambda agent: agent.label)
def any_agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents."""
    return _chosen(request.param)


def _chosen(agent: object) -> Agent:
    assert isinstance(agent, Agent)
    agent.require()
    return agent


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model server that answers with a number until a test scripts it."""
    place = ModelServer(lambda request: Answer(text="understood"))
    yield place
    place.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip that may not be is a failure."""
    report = yield
    unwanted = report.skipped and not hasattr(report, "wasxfail") and OPTIONAL not in str(report.longrepr)
    if unwanted and os.environ.get("CI") and not os.environ.get("AGENCY_TESTS_WITHOUT_AGENTS"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where AGENCY_TESTS_WITHOUT_AGENTS is not set: {report.longrepr}"
    return report
