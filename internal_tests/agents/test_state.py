"""``agency ls`` tells what a real agent is doing."""

import threading

from internal_tests.agents.agents import CLAUDE, CODEX, Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World


def _status(run: SeenRun, wanted: str) -> None:
    wait_for(lambda: run.status() == wanted, f"{run.name} to be {wanted}", 60, every=0.2)


def test_an_agent_is_working_until_it_has_answered_and_then_done(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    server.responder = lambda request: Answer(text="the walnut is planted", delay=4.0)
    run = world.run("talk", "--prompt", "plant a walnut")
    agent.until(run, lambda: run.status() == "working", "the agent to be working")
    _status(run, "done")
    assert "walnut is planted" in run.row()["summary"]


def test_a_run_that_was_begun_with_a_prompt_is_not_done_before_it_has_answered(
    world: World, version: Agent, server: ModelServer
) -> None:
    version.configure(world, server)
    heard = threading.Event()
    server.responder = lambda request: Answer(text="the walnut is planted", until=heard)
    run = world.run("talk", "--prompt", "plant a walnut")
    waiting = world.spawn("wait", "talk", "--for", "status", "--status", "done", "--timeout", "60s")
    version.until(run, lambda: run.status() == "working" and server.conversations("plant a walnut"), "it to work")
    assert waiting.poll() is None
    heard.set()
    waiting.communicate()
    assert waiting.returncode == 0
    assert "walnut is planted" in run.row()["summary"]


def test_a_permission_that_is_asked_for_is_shown_and_ends_with_the_answer(world: World, server: ModelServer) -> None:
    def responder(request: Request) -> Answer:
        asked = request.says("make the file") and "tool_result" not in str(request.body)
        if asked and "Bash" in request.tools:
            return Answer(tool="Bash", arguments={"command": "touch made-by-claude", "description": "make it"})
        return Answer(text="it is made")

    CLAUDE.configure(world, server)
    server.responder = responder
    run = world.run("talk", "--prompt", "make the file")
    _status(run, "waiting")
    assert "touch made-by-claude" in run.row()["summary"]
    CLAUDE.press_enter(run)
    _status(run, "done")
    assert (run.worktree / "made-by-claude").exists()


def test_a_conversation_that_the_agent_left_for_another_is_followed(world: World, server: ModelServer) -> None:
    CLAUDE.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    CLAUDE.until_done(run, "understood")
    run.type("/clear")
    wait_for(lambda: "/clear" not in run.screen().splitlines()[-4:], "the command to be taken")
    run.wait_for_screen("? for shortcuts", 30)
    world.ok("send", "talk", "speak of almonds")
    wait_for(lambda: server.conversations("speak of almonds"), "the prompt at the server", 60)
    _status(run, "done")
    world.ok("kill", "talk")
    world.ok("resume", "talk", "--detached")
    run.wait_for_screen("? for shortcuts", 60)
    world.ok("send", "talk", "speak of figs")
    wait_for(lambda: server.conversations("speak of figs"), "the prompt at the server", 60)
    assert all(request.says("speak of almonds") for request in server.conversations("speak of figs"))
    assert not any(request.says("speak of walnuts") for request in server.conversations("speak of figs"))


def test_a_trust_dialog_that_blocks_the_agent_is_named(world: World, server: ModelServer) -> None:
    CODEX.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    _status(run, "waiting")
    assert run.row()["summary"] == "trust dialog"
    CODEX.until_done(run, "understood")


def test_a_trust_dialog_of_claude_is_named(world: World, server: ModelServer) -> None:
    CLAUDE.configure(world, server)
    settings = world.home / ".claude.json"
    settings.write_text(
        settings.read_text().replace('"hasTrustDialogAccepted": true', '"hasTrustDialogAccepted": false')
    )
    run = world.run("talk", "--prompt", "speak of walnuts")
    _status(run, "waiting")
    assert run.row()["summary"] == "trust dialog"
