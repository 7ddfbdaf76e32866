"""After a kill, a crash or a move, a resume goes on with the same conversation: proven by what the model server was sent."""

import shutil
from pathlib import Path

import psutil

from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import Answer, ModelServer
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

_FIRST = "the first prompt speaks of walnuts"
_SECOND = "the second prompt speaks of almonds"


def _begin(world: World, agent: Agent, server: ModelServer) -> SeenRun:
    """A run that was started with the first prompt and has its answer."""
    agent.configure(world, server)
    run = world.run("talk", "--prompt", _FIRST)
    agent.until(run, lambda: server.conversations(_FIRST), "the first prompt at the server")
    agent.until(run, lambda: "understood" in run.screen(), "the first answer")
    return run


def _go_on(world: World, agent: Agent, server: ModelServer, run: SeenRun) -> None:
    """Say the second prompt and prove that the server was sent both."""
    agent.until(run, lambda: agent.is_ready(run), "the agent to be ready")
    world.ok("send", run.name, _SECOND)
    wait_for(lambda: server.conversations(_SECOND), "the second prompt at the server", 60)
    assert all(request.says(_FIRST) for request in server.conversations(_SECOND))


def _kill(world: World, run: SeenRun) -> None:
    """End agent and tmux server with SIGKILL, the agent first: it has no time for last words."""
    for process in psutil.Process(int(run.pane()["pid"])).children(recursive=True):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    world.kill_tmux_server()


def test_the_conversation_goes_on_after_agent_and_tmux_were_killed(
    world: World, agent: Agent, server: ModelServer
) -> None:
    run = _begin(world, agent, server)
    _kill(world, run)
    world.ok("resume", "talk", "--detached")
    _go_on(world, agent, server, run)
    assert f"{agent.name}.thread.started" in run.event_names()
    assert f"{agent.name}.thread.resumed" in run.event_names()


def test_a_prompt_that_was_never_answered_is_still_known_after_agent_and_tmux_were_killed(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    server.responder = lambda request: Answer(until=server.ended)
    run = world.run("talk", "--prompt", _FIRST)
    agent.until(run, lambda: server.conversations(_FIRST), "the first prompt at the server")
    agent.until(run, lambda: run.status() == "working", "the agent to be working")
    _kill(world, run)
    server.responder = lambda request: Answer(text="understood")
    world.ok("resume", "talk", "--detached")
    _go_on(world, agent, server, run)


def test_the_conversation_goes_on_after_a_reboot(world: World, agent: Agent, server: ModelServer) -> None:
    run = _begin(world, agent, server)
    world.reboot(run)
    wait_for(lambda: not world.processes(), "the agent to be gone")
    assert run.status() == "lost (reboot)"
    world.ok("resume", "--all", "--detached")
    _go_on(world, agent, server, run)
    assert f"{agent.name}.thread.resumed" in run.event_names()


def test_the_conversation_goes_on_after_the_data_directory_moved(
    world: World, agent: Agent, server: ModelServer
) -> None:
    run = _begin(world, agent, server)
    world.ok("kill", "talk")
    moved = Path(f"{world.data}-moved")
    shutil.move(world.data, moved)
    world.data = moved
    world.env["AGENCY_DATA_DIR"] = str(moved)
    world.ok("restore", "talk")
    run = world.find(run.id)
    world.ok("resume", "talk", "--detached")
    _go_on(world, agent, server, run)


def test_a_fresh_resume_begins_another_conversation_and_keeps_the_old_id(
    world: World, agent: Agent, server: ModelServer
) -> None:
    run = _begin(world, agent, server)
    world.ok("kill", "talk")
    world.ok("resume", "talk", "--detached", "--fresh")
    agent.until(run, lambda: agent.is_ready(run), "the agent to be ready")
    world.ok("send", "talk", _SECOND)
    wait_for(lambda: server.conversations(_SECOND), "the second prompt at the server", 60)
    assert not any(request.says(_FIRST) for request in server.conversations(_SECOND))
