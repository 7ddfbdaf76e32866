"""Gemini and opencode in a terminal: their conversation is known, and a resume goes on with it."""

import pytest

from internal_tests.agents.agents import GEMINI, OPENCODE, Agent
from internal_tests.agents.model_server import ModelServer
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

pytestmark = pytest.mark.parametrize("any_agent", (GEMINI, OPENCODE), ids=lambda agent: str(agent.name), indirect=True)


def test_the_conversation_goes_on_after_a_kill(world: World, any_agent: Agent, server: ModelServer) -> None:
    any_agent.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    wait_for(lambda: server.conversations("speak of walnuts"), "the first prompt at the server", 120, every=0.5)
    run.wait_for_screen("understood", 60)
    world.kill_tmux_server()
    world.ok("resume", "talk", "--detached")
    assert f"{any_agent.name}.thread.resumed" in run.event_names()
    run.wait_for_screen("understood", 120)
    wait_for(lambda: any_agent.is_ready(run), "the agent to be ready", 60, every=0.2)
    run.type("speak of almonds")

    def asked() -> bool:
        if not server.conversations("speak of almonds"):
            world.tmux_ask("send-keys", "-t", f"={run.session}:", "Enter")
        return bool(server.conversations("speak of almonds"))

    wait_for(asked, "the second prompt at the server", 60, every=1.0)
    assert all(request.says("speak of walnuts") for request in server.conversations("speak of almonds"))
