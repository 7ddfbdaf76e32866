"""Gemini and opencode in a terminal: their conversation is known, and a resume goes on with it."""

import itertools
import json

import pytest

from internal_tests.agents.agents import GEMINI, OPENCODE, Agent
from internal_tests.agents.model_server import Answer, ModelServer
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


def test_a_permission_that_is_asked_for_is_seen_on_the_screen(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    any_agent.configure(world, server)
    if any_agent is OPENCODE:
        config = json.loads(world.env["OPENCODE_CONFIG_CONTENT"])
        world.env["OPENCODE_CONFIG_CONTENT"] = json.dumps({**config, "permission": {"bash": "ask"}})
    tool, key = any_agent.shell
    numbers = itertools.count()
    asked = Answer(tool=tool, arguments={key: "touch planted", "description": "plant it"})
    server.responder = lambda request: (
        asked if tool in request.tools and not next(numbers) else Answer(text="it is planted")
    )
    run = world.run("talk", "--prompt", "plant it")
    wait_for(lambda: run.status() == "waiting", "the question", 120, every=0.5)
    assert run.row()["summary"].startswith(("Permission required", "Allow execution of"))
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "Enter")
    run.wait_for_screen("it is planted", 60)
    wait_for(lambda: run.status() != "waiting", "the question to be answered", 30, every=0.5)
    assert (run.worktree / "planted").exists()
