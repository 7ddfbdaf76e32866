"""A real agent works through a job without a person: its server falls silent, its worker is killed, and the same conversation
goes on, which the server itself proves."""

import json
import os
import signal
import threading
from collections.abc import Sequence

import psutil
import pytest

from agency.domain.usage import Usage
from internal_tests.agents import model_server
from internal_tests.agents.agents import ALLOWING, CLAUDE, CODEX, Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

FIRST, SECOND = "speak of walnuts", "speak of almonds"
JOB = {
    "objective": "speak of nuts",
    "steps": [{"id": "first", "instructions": FIRST}, {"id": "second", "instructions": SECOND, "idle_timeout": "8s"}],
    "budgets": {"idle_timeout": "60s"},
}


PAUSE = 4
"""Seconds that a provider asks for."""


class Silence:
    """Answers, each time with other tokens (``given``), but in the second step falls silent once: not before an answer that has
    a tool used, so that the attempt has spent something."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.over = threading.Event()
        self.fell = threading.Event()
        self.given: list[Usage] = []

    def __call__(self, request: Request) -> Answer:
        in_second = request.says(SECOND)
        if in_second and len(self.given) == 2 and not self.fell.is_set():
            self.fell.set()
            return Answer(text="too late", until=self.over)
        number = len(self.given) + 1
        self.given.append(Usage(input=1000 * number, cached_input=40, output=number))
        # What the Anthropic interface calls input leaves out what was read from the cache; the other puts it in.
        read = 1000 * number + (0 if self.agent is CLAUDE else 40)
        usage = model_server.Usage(input=read, cached=40, output=number)
        if in_second and number == 2:
            tool, key = self.agent.shell
            arguments = {key: "cat README.md", "description": "look"}
            return Answer(tool=tool, arguments=arguments, usage=usage)
        return Answer(text="understood", usage=usage)


def begin(world: World, *words: str) -> SeenRun:
    """The job, under way."""
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


def spent(run: SeenRun) -> list[Usage]:
    """The tokens in the record of each attempt."""
    records = [
        json.loads(path.read_text()) for path in sorted((run.directory / "state/self_heal").glob("attempt-*.json"))
    ]
    return [Usage(**(record["usage"] or {})) for record in records]


def proven_by(server: ModelServer) -> None:
    """Every request of the second step held what was said in the first."""
    asked = server.conversations(SECOND)
    assert asked
    assert all(request.says(FIRST) and request.says("understood") for request in asked)


@pytest.mark.case(13, "DOC-REQ-001", "DOC-REQ-004")
def test_an_agent_whose_server_falls_silent_is_reset_and_goes_on_in_its_conversation(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    silence = Silence(agent)
    server.responder = silence
    run = begin(world)
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
    first, *others = silence.given
    assert spent(run) == [first, others[0], others[1]]
    assert any(request.says("An earlier attempt at this step failed") for request in server.conversations(SECOND))


@pytest.mark.case(30, "DOC-REQ-008")
def test_a_worker_that_was_killed_is_followed_by_one_that_goes_on_in_the_conversation(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    silence = Silence(agent)
    server.responder = silence
    run = begin(world, "--idle-timeout", "0s")
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


@pytest.mark.case(10, "DOC-REQ-003")
def test_a_provider_that_asks_for_a_pause_is_asked_again_after_it_and_what_may_be_written_is_written(
    world: World, agent: Agent, server: ModelServer
) -> None:
    refusal, times = _made_to_give_up(world, agent, server)
    asked: list[float] = []

    def responder(request: Request) -> Answer:
        if not request.says(SECOND):
            return Answer(text="understood")
        asked.append(request.at)
        if len(asked) <= times:
            return refusal
        done = len(asked) - times - 1
        return edits[done] if done < len(edits) else Answer(text="understood")

    server.responder = responder
    run = begin(world, "--", *ALLOWING[agent.name])
    edits = agent.edit(str(run.worktree / "README.md"), "a repo", "almonds")
    ended = world.agency("wait", "nuts", "--timeout", "100s", timeout=120)
    assert (ended.code, ended.out) == (0, "done\n"), run.screen()
    (failed,) = named(run, "task.step.attempt.failed")
    assert (failed["failureClass"], failed["strategy"]) == ("transient_runtime", "soft_reset")
    (healed,) = named(run, "task.self_heal.triggered")
    assert isinstance(healed["delaySeconds"], float)
    assert healed["delaySeconds"] >= PAUSE
    assert asked[times] - asked[times - 1] >= PAUSE
    assert (run.worktree / "README.md").read_text() == "almonds\n"
    proven_by(server)


def _made_to_give_up(world: World, agent: Agent, server: ModelServer) -> tuple[Answer, int]:
    """How the server tells the agent to wait, and how often before it gives up, which it is made to do soon."""
    agent.configure(world, server)
    if agent is CODEX:  # which tells of the pause when the stream does, and of the header nothing
        config = world.home / ".codex" / "config.toml"
        config.write_text(f"{config.read_text()}stream_max_retries = 0\n")
        return Answer(limited=f"Rate limit reached for mock. Please try again in {PAUSE}s."), 1
    world.env["CLAUDE_CODE_MAX_RETRIES"] = "1"
    return Answer(status=429, retry_after=PAUSE), 2
