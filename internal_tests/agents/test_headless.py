"""The real agents without a terminal: how each is called, and what the lines that it writes tell."""

import itertools

from agency.domain.output import Problem, ToolEnded, ToolUse
from agency.domain.usage import Usage, total_usage
from agency.runners.table import ADAPTERS
from internal_tests.agents import model_server
from internal_tests.agents.agents import CLAUDE, CODEX, OPENCODE, Agent
from internal_tests.agents.headless import Headless
from internal_tests.agents.model_server import Answer, ModelServer, Request, Responder
from internal_tests.support.world import World

_TELL_RETRIES = (CLAUDE, CODEX)
"""The others try again in silence, or tell it on standard error alone."""
_TELL_SPENDINGS = ("gemini", "opencode")


def _first(first: Answer) -> Responder:
    """A server whose first answer to the conversation is ``first``."""
    numbers = itertools.count()
    return lambda request: Answer(text="understood") if request.is_aside or next(numbers) else first


def test_a_second_turn_goes_on_with_the_conversation_of_the_first_and_with_the_model(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    model_flag = ADAPTERS[any_agent.name].model_flag
    assert model_flag is not None
    model = "mock/asked-for" if any_agent is OPENCODE else "asked-for"
    agent = Headless(world, any_agent, server, words=(model_flag, model))
    first = agent.turn("speak of walnuts")
    assert first.end.ok, first.complaint
    assert first.said.strip() == "understood"
    assert agent.adapter.knows(agent.scene, first.thread_id)
    assert agent.adapter.find_thread(agent.scene, 0.0) == first.thread_id

    if any_agent is OPENCODE:
        state = agent.adapter.state(agent.scene, first.thread_id)
        assert state is not None
        assert (state.doing, state.detail) == ("done", "understood")

    second = agent.turn("speak of almonds", first.thread_id)
    assert second.end.ok, second.complaint
    assert second.thread_id == first.thread_id
    asked = server.conversations("speak of almonds")
    assert asked
    assert all(request.says("speak of walnuts") and request.says("understood") for request in asked)
    assert {request.model for request in server.conversations("speak of walnuts")} == {"asked-for"}


def test_a_conversation_goes_on_after_the_worktree_moved_where_the_agent_can(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    agent = Headless(world, any_agent, server)
    first = agent.turn("speak of walnuts")
    moved = world.root / "moved"
    world.git("worktree", "move", str(agent.worktree), str(moved))
    agent.worktree = moved
    if any_agent is OPENCODE:  # which goes on with a conversation only where it was begun
        assert not agent.adapter.knows(agent.scene, first.thread_id)
        return
    assert agent.adapter.knows(agent.scene, first.thread_id)
    second = agent.turn("speak of almonds", first.thread_id)
    assert second.end.ok, second.complaint
    asked = server.conversations("speak of almonds")
    assert asked
    assert all(request.says("speak of walnuts") for request in asked)


def test_the_tokens_told_are_those_that_the_server_reported(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    agent = Headless(world, any_agent, server)
    given: list[Usage] = []

    def responder(request: Request) -> Answer:
        if request.is_aside:
            return Answer(text="a title", usage=model_server.Usage(0, 0, 0))
        number = len(given) + 1
        # What the Anthropic interface calls input leaves out what was read from the cache; the others put it in.
        given.append(Usage(input=1000 * number, cached_input=40, output=number))
        read = 1000 * number + (0 if any_agent is CLAUDE else 40)
        return Answer(text="understood", usage=model_server.Usage(input=read, cached=40, output=number))

    server.responder = responder
    first = agent.turn("speak of walnuts")
    of_first = len(given)
    assert first.usage == sum(given, Usage())
    second = agent.turn("speak of almonds", first.thread_id)
    assert second.usage == sum(given if second.counts_whole_thread else given[of_first:], Usage())
    if any_agent.name in _TELL_SPENDINGS:
        assert total_usage(agent.adapter.spendings(agent.scene, first.thread_id)) == sum(given, Usage())


def test_the_use_of_a_tool_is_told_with_what_it_is_used_on_and_how_it_ended(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    agent = Headless(world, any_agent, server, words=any_agent.allowing)
    tool, key = any_agent.shell
    asked = Answer(tool=tool, arguments={key: "touch planted", "description": "plant it"})
    numbers = itertools.count()
    server.responder = lambda request: (
        asked if tool in request.tools and not next(numbers) else Answer(text="understood")
    )
    turn = agent.turn("plant it")
    assert turn.end.ok, turn.complaint
    (use,) = turn.all(ToolUse)
    assert "touch planted" in use.detail
    (ended,) = turn.all(ToolEnded)
    assert ended.ok
    assert (agent.worktree / "planted").exists()


def test_a_refusal_that_is_tried_again_ends_well(world: World, any_agent: Agent, server: ModelServer) -> None:
    agent = Headless(world, any_agent, server)
    server.responder = _first(Answer(status=429, retry_after=1))
    turn = agent.turn("speak of walnuts")
    assert turn.end.ok, turn.complaint
    assert turn.said.strip() == "understood"
    assert turn.code == 0
    if any_agent in _TELL_RETRIES:
        assert any("429" in problem.text and problem.goes_on for problem in turn.all(Problem))


def test_a_stream_that_breaks_is_asked_for_again(world: World, any_agent: Agent, server: ModelServer) -> None:
    agent = Headless(world, any_agent, server)
    server.responder = _first(Answer(text="half", broken=True))
    turn = agent.turn("speak of walnuts")
    assert turn.end.ok, turn.complaint
    assert turn.said.strip().endswith("understood")


def test_an_error_that_ends_the_turn_is_told_as_its_end(world: World, any_agent: Agent, server: ModelServer) -> None:
    agent = Headless(world, any_agent, server)
    server.responder = lambda request: Answer(status=400)
    turn = agent.turn("speak of walnuts")
    assert not turn.end.ok
    assert "no such thing" in turn.end.text
    assert turn.code != 0


def test_a_prompt_longer_than_a_command_line_takes_arrives_whole(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    agent = Headless(world, any_agent, server)
    prompt = " ".join(f"walnut-{number}" for number in range(20_000))
    turn = agent.turn(prompt)
    assert turn.end.ok, turn.complaint
    assert server.conversations(prompt)


def test_a_conversation_that_there_is_not_ends_without_an_answer(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    agent = Headless(world, any_agent, server)
    thread_id = "ses_e084824c2ffe70PjIc97o0pv5B" if any_agent is OPENCODE else "7c1f3c53-5b61-4a0e-8f57-2d6bd3a0c111"
    assert not agent.adapter.knows(agent.scene, thread_id)
    turn = agent.turn("speak of walnuts", thread_id)
    assert turn.code != 0
    assert not server.conversations("speak of walnuts")
