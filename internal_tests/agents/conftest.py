"""Fixtures for the tests with real agents. They are installed by ``internal_tests/run``; where they are not, the tests skip.
In CI every skip of this folder is a failure, unless ``AGENCY_TESTS_WITHOUT_AGENTS`` is set."""

import os
from collections.abc import Generator, Iterator

import pytest

from internal_tests.agents.agents import AGENTS, EVERY_VERSION, Agent
from internal_tests.agents.model_server import Answer, ModelServer


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.label)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents in its newest version."""
    return _installed(request.param)


@pytest.fixture(params=EVERY_VERSION, ids=lambda agent: agent.label)
def version(request: pytest.FixtureRequest) -> Agent:
    """Each of the real agents in each pinned version."""
    return _installed(request.param)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model server that answers with a number until a test scripts it."""
    place = ModelServer(lambda request: Answer(text="understood"))
    yield place
    place.close()


def _installed(agent: Agent) -> Agent:
    if not agent.program.is_file():
        pytest.skip(f"{agent.label} is not installed in {agent.program}; internal_tests/run does that")
    return agent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip that may not be is a failure."""
    report = yield
    if report.skipped and os.environ.get("CI") and not os.environ.get("AGENCY_TESTS_WITHOUT_AGENTS"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where AGENCY_TESTS_WITHOUT_AGENTS is not set: {report.longrepr}"
    return report
