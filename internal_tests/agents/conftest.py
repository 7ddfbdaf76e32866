"""Fixtures for the tests with real agents. They are installed by ``internal_tests/run``; where they are not, the tests skip.
In CI every skip of this folder is a failure, unless ``AGENCY_TESTS_WITHOUT_AGENTS`` is set."""

import os
from collections.abc import Generator, Iterator

import pytest

from internal_tests.agents.agents import AGENTS, ALL_AGENTS, EVERY_VERSION, Agent
from internal_tests.agents.model_server import Answer, ModelServer


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.label)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents in its newest version."""
    chosen = request.param
    assert isinstance(chosen, Agent)
    return chosen


@pytest.fixture(params=ALL_AGENTS, ids=lambda agent: agent.label)
def any_agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents, those too that are tested in part only."""
    chosen = request.param
    assert isinstance(chosen, Agent)
    return chosen


@pytest.fixture(params=EVERY_VERSION, ids=lambda agent: agent.label)
def version(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents in each pinned version."""
    chosen = request.param
    assert isinstance(chosen, Agent)
    return chosen


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
    unwanted = report.skipped and not hasattr(report, "wasxfail")
    if unwanted and os.environ.get("CI") and not os.environ.get("AGENCY_TESTS_WITHOUT_AGENTS"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where AGENCY_TESTS_WITHOUT_AGENTS is not set: {report.longrepr}"
    return report
