"""What an agent meets at the model's side shows in ``agency ls`` as what it is, and the work goes on."""

import threading

from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import Answer, ModelServer, Responder
from internal_tests.support.world import SeenRun, World

_PROMPT = "speak of walnuts"


def _in_turn(*answers: Answer) -> Responder:
    """One answer after the other; the last one again and again."""
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def _goes_on(world: World, agent: Agent, server: ModelServer, first: Answer) -> SeenRun:
    agent.configure(world, server)
    server.responder = _in_turn(first, Answer(text="understood"))
    run = world.run("talk", "--prompt", _PROMPT)
    agent.until_done(run, "understood")
    assert len(server.conversations(_PROMPT)) == 2
    return run


def test_an_agent_that_is_told_to_slow_down_tries_again_and_answers(
    world: World, agent: Agent, server: ModelServer
) -> None:
    _goes_on(world, agent, server, Answer(status=429, retry_after=1))


def test_an_agent_whose_answer_breaks_off_asks_again_and_answers(
    world: World, agent: Agent, server: ModelServer
) -> None:
    _goes_on(world, agent, server, Answer(text="half of it", broken=True))


def test_an_agent_that_hears_nothing_works_until_it_has_its_answer(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    heard = threading.Event()
    server.responder = lambda request: Answer(text="understood", until=heard)
    run = world.run("talk", "--prompt", _PROMPT)
    agent.until(run, lambda: server.conversations(_PROMPT) and run.status() == "working", "the agent to be working")
    waited = world.agency("wait", "talk", "--for", "status", "--timeout", "5s")
    assert waited.code == 3
    assert run.status() == "working"
    heard.set()
    agent.until_done(run, "understood")
    assert len(server.conversations(_PROMPT)) == 1
