"""A real agent works through a job without a person: its server falls silent, its worker is killed, and the same conversation
goes on, which the server itself proves."""

import json
import os
import signal
import threading
from collections.abc import Sequence

import psutil
import pytest

from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

FIRST, SECOND = "speak of walnuts", "speak of almonds"
JOB = {
    "objective": "speak of nuts",
    "steps": [{"id": "first", "instructions": FIRST}, {"id": "second", "instructions": SECOND, "idle_timeout": "8s"}],
    "budgets": {"idle_timeout": "60s"},
}


class Silence:
    """Answers, but from the second step on says nothing to the first ``times`` requests."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.over = threading.Event()
        self.fell = threading.Event()

    def __call__(self, request: Request) -> Answer:
        if request.says(SECOND) and not request.is_aside and self.left:
            self.left -= 1
            self.fell.set()
            return Answer(text="too late", until=self.over)
        return Answer(text="understood")


def begin(world: World, agent: Agent, server: ModelServer, *words: str) -> SeenRun:
    """The job, under way."""
    agent.configure(world, server)
    job = world.root / "job.json"
    job.write_text(json.dumps(JOB))
    return world.run("nuts", "--headless", "--job", str(job), *words)


def named(run: SeenRun, *names: str) -> list[dict[str, object]]:
    """The data of the events of these names."""
    return [event["data"] for event in run.events if event["event"] in names]


def attempts(run: SeenRun) -> Sequence[tuple[int, int, str]]:
    """Step, attempt and outcome of each attempt."""
    told = run.world.ok("attempts", "nuts", "--json").data
    return [(one["stepIndex"], one["attempt"], one["outcome"]) for one in told]


def proven_by(server: ModelServer) -> None:
    """Every request of the second step held what was said in the first."""
    asked = server.conversations(SECOND)
    assert asked
    assert all(request.says(FIRST) and request.says("understood") for request in asked)


@pytest.mark.case(13, "DOC-REQ-001", "DOC-REQ-004")
def test_an_agent_whose_server_falls_silent_is_reset_and_goes_on_in_its_conversation(
    world: World, agent: Agent, server: ModelServer
) -> None:
    silence = Silence(times=1)
    server.responder = silence
    run = begin(world, agent, server)
    ended = world.agency("wait", "nuts", "--timeout", "100s", timeout=120)
    silence.over.set()
    assert (ended.code, ended.out) == (0, "done\n"), run.screen()
    assert attempts(run) == [(0, 1, "success"), (1, 1, "retrying"), (1, 2, "success")]
    (failed,) = named(run, "task.step.attempt.failed")
    assert (failed["timeoutReason"], failed["failureClass"], failed["strategy"]) == (
        "idle",
        "transient_runtime",
        "soft_reset",
    )
    assert len(named(run, "task.self_heal.triggered")) == 1
    (begun,) = named(run, f"{agent.name}.thread.started")
    resumed = named(run, f"{agent.name}.thread.resumed")
    assert [data["thread_id"] for data in resumed] == [begun["thread_id"]] * 2
    proven_by(server)
    assert any(request.says("An earlier attempt at this step failed") for request in server.conversations(SECOND))


@pytest.mark.case(30, "DOC-REQ-008")
def test_a_worker_that_was_killed_is_followed_by_one_that_goes_on_in_the_conversation(
    world: World, agent: Agent, server: ModelServer
) -> None:
    silence = Silence(times=1)
    server.responder = silence
    run = begin(world, agent, server, "--idle-timeout", "0s")
    wait_for(silence.fell.is_set, "the second step", 60)
    (worker,) = [one for one in world.processes() if "agency.worker" in one.cmdline()]
    agents = psutil.Process(worker.pid).children(recursive=True)
    os.kill(worker.pid, signal.SIGKILL)
    wait_for(lambda: not any(one.is_running() and one.status() != "zombie" for one in agents), "the agent to end too")
    world.ok("resume", "nuts", "--detached")
    ended = world.agency("wait", "nuts", "--timeout", "100s", timeout=120)
    silence.over.set()
    assert (ended.code, ended.out) == (0, "done\n"), run.screen()
    assert attempts(run) == [(0, 1, "success"), (1, 1, "lost"), (1, 2, "success")]
    threads = named(run, f"{agent.name}.thread.started", f"{agent.name}.thread.resumed")
    assert len({data["thread_id"] for data in threads}) == 1
    proven_by(server)
