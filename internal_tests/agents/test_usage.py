"""Usage is what the model server reported, each answer once: after tool calls, resumes, forks, and by sub-agents."""

import itertools
import json
import shutil
from typing import Any

from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request, Usage
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

_SHELL = {"claude": "Bash", "codex": "exec_command"}
_LEAVE = {"claude": "/clear", "codex": "/new"}
_MADE = {"command": "echo made", "description": "make it", "cmd": "echo made"}


class Meter:
    """Answers every request with another number of tokens, so that no two answers can be taken for each other."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self._numbers = itertools.count(1)

    def __call__(self, request: Request) -> Answer:
        """Text, or the tool that the last thing said asks for."""
        number = next(self._numbers)
        usage = Usage(input=1000 * number, cached=10 * number, output=20 + number)
        said = json.dumps((request.body.get("messages") or request.body.get("input") or [])[-1:])
        if "make the file" in said and _SHELL[self.agent.name] in request.tools:
            return Answer(tool=_SHELL[self.agent.name], arguments=_MADE, usage=usage)
        if "ask a helper" in said and not request.is_aside:
            asked = {"description": "figs", "prompt": "count the figs", "message": "count the figs"}
            asked["subagent_type"] = "general-purpose"
            if self.agent.name == "codex":
                return Answer(tool="spawn_agent", namespace="multi_agent_v1", arguments=asked, usage=usage)
            return Answer(tool="Agent", arguments=asked, usage=usage)
        return Answer(text=f"answer {number}", usage=usage)


def _begin(world: World, agent: Agent, server: ModelServer) -> SeenRun:
    """A run with a first answer."""
    server.responder = Meter(agent)
    agent.configure(world, server)
    run = world.run("first", "--prompt", "speak of walnuts")
    _answered(agent, run)
    return run


def _answered(agent: Agent, run: SeenRun) -> None:
    """Wait for the end of a turn: an agent that has only just started is done too, but has said nothing."""
    agent.until(run, lambda: run.status() == "done" and "answer" in str(run.row()["summary"]), "the answer")


def _say(world: World, agent: Agent, run: SeenRun, text: str) -> None:
    agent.until(run, lambda: agent.is_ready(run), "the agent to be ready")
    sent = world.agency("send", run.name, text)
    if sent.code == 3:  # an agent that has only just started may lose what is typed; what counts here comes after
        sent = world.agency("send", run.name, text)
    assert sent.code == 0, sent.err
    _answered(agent, run)


def _leave(world: World, agent: Agent, run: SeenRun) -> None:
    """Leave the conversation for another. An Enter right after text may count as a line break, so it is typed until it works."""
    word = _LEAVE[agent.name]
    box = f"={run.session}:"
    world.tmux_ask("send-keys", "-t", box, "-l", word)
    run.wait_for_screen(word, 30)

    def left() -> bool:
        world.tmux_ask("send-keys", "-t", box, "Enter")
        screen = run.screen()
        asks = "Where should the new conversation run?" in screen  # codex; the answer wanted is the first one
        return not asks and not any(word in line for line in screen.rstrip().splitlines()[-4:])

    wait_for(left, f"{word} to be taken", 30, every=0.5)


def _reported(server: ModelServer, agent: Agent, *, without: int = 0) -> dict[str, int]:
    """What the server reported for conversations, after the first ``without`` answers. OpenAI counts cached input as input."""
    answers = [usage for request, usage in server.reported if not request.is_aside][without:]
    cached = sum(usage.cached for usage in answers)
    return {
        "input": sum(usage.input for usage in answers) - (cached if agent.name == "codex" else 0),
        "cached_input": cached,
        "output": sum(usage.output for usage in answers),
    }


def _answers(server: ModelServer) -> int:
    return sum(not request.is_aside for request, _ in server.reported)


def _shown(told: dict[str, Any]) -> dict[str, int]:
    return {kind: told[kind] for kind in ("input", "cached_input", "output")}


def _usage(run: SeenRun) -> dict[str, Any]:
    usage = run.world.ok("show", run.id, "--json").data["usage"]
    assert isinstance(usage, dict)
    return usage


def _counts(run: SeenRun, expected: dict[str, int]) -> None:
    """Wait until the agent has written everything down, and see that it is not counted twice."""
    wait_for(lambda: _shown(_usage(run))["output"] >= expected["output"], f"{expected} to be told", 20)
    assert _shown(_usage(run)) == expected


def test_usage_is_what_the_server_reported_and_is_told_by_attempt(
    world: World, agent: Agent, server: ModelServer
) -> None:
    run = _begin(world, agent, server)
    _say(world, agent, run, "make the file")
    _counts(run, _reported(server, agent))
    before = _answers(server)
    assert before == 3
    world.ok("kill", "first")
    world.ok("resume", "first", "--detached")
    _say(world, agent, run, "speak of figs")
    _counts(run, _reported(server, agent))
    first, second = _usage(run)["attempts"]
    assert _shown(second) == _reported(server, agent, without=before)
    assert first["output"] + second["output"] == _reported(server, agent)["output"]


def test_a_fork_counts_only_what_came_after_it(world: World, agent: Agent, server: ModelServer) -> None:
    run = _begin(world, agent, server)
    of_first = _reported(server, agent)
    before = _answers(server)
    made = world.ok("fork", "first", "second", "--detached", "--prompt", "speak of almonds")
    fork = world.find(made.pairs["run_id"])
    _answered(agent, fork)
    _counts(fork, _reported(server, agent, without=before))
    _counts(run, of_first)
    assert _shown(world.ok("usage", "--json").data["total"]) == _reported(server, agent)


def test_a_cleaned_run_tells_its_usage_when_the_files_of_the_agent_are_gone(
    world: World, agent: Agent, server: ModelServer
) -> None:
    run = _begin(world, agent, server)
    _counts(run, _reported(server, agent))
    world.ok("clean", "first", "--yes")
    for place in (".claude/projects", ".codex/sessions"):
        shutil.rmtree(world.home / place, ignore_errors=True)
    _counts(run, _reported(server, agent))
    assert _shown(world.ok("usage", "--all", "--json").data["total"]) == _reported(server, agent)


def test_sub_agents_are_counted_with_the_run(world: World, agent: Agent, server: ModelServer) -> None:
    run = _begin(world, agent, server)
    _say(world, agent, run, "ask a helper")
    wait_for(lambda: server.conversations("count the figs"), "the helper's request at the server", 30)
    _answered(agent, run)
    # The agent is done for a moment before it goes on with what the helper told.
    wait_for(lambda: _shown(_usage(run)) == _reported(server, agent), "the run to tell what the server reported", 30)


def test_conversations_that_a_person_left_are_counted_with_the_run(
    world: World, agent: Agent, server: ModelServer
) -> None:
    run = _begin(world, agent, server)
    for prompt in ("speak of almonds", "speak of figs"):
        _leave(world, agent, run)
        agent.until(run, lambda: agent.is_ready(run), "the agent to be ready")
        _say(world, agent, run, prompt)
    last = server.conversations("speak of figs")
    assert last and not any(request.says("speak of almonds") for request in last)
    _counts(run, _reported(server, agent))


def test_the_cost_is_made_of_the_prices_in_the_config(world: World, agent: Agent, server: ModelServer) -> None:
    run = _begin(world, agent, server)
    expected = _reported(server, agent)
    _counts(run, expected)
    assert _usage(run)["cost"] is None
    assert "no price for" in world.ok("show", "first").pairs["cost"]
    config = world.repo / "agency.yaml"
    config.write_text(config.read_text() + 'prices: {"*": {input: 3, cached_input: 0.3, output: 15}}\n')
    wanted = (3 * expected["input"] + 0.3 * expected["cached_input"] + 15 * expected["output"]) / 1_000_000
    assert abs(_usage(run)["cost"] - wanted) < 1e-9
