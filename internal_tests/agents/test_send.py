"""``agency send`` says done only when the agent took the text."""

from internal_tests.agents.agents import CLAUDE, Agent
from internal_tests.agents.model_server import Answer, ModelServer
from internal_tests.support.world import World


def test_a_prompt_that_is_sent_while_the_agent_is_idle_is_taken_and_answered(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    agent.until_done(run, "understood")
    server.responder = lambda request: Answer(text="figs it is")
    world.ok("send", "talk", "speak of\nfigs")
    assert run.events[-1]["data"]["confirmed"] is True
    agent.until(run, lambda: "figs it is" in run.screen(), "the answer")


def test_text_that_no_prompt_box_took_is_unconfirmed(world: World, server: ModelServer) -> None:
    CLAUDE.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    CLAUDE.until_done(run, "understood")
    sent = world.agency("send", "talk", "/help")
    assert sent.code == 3
    assert "unconfirmed" in sent.err
    assert run.events[-1]["data"]["confirmed"] is False
