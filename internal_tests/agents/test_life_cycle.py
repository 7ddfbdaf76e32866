"""The life of a run with a real agent, the same for every agent and version: what happens on disk, on its screen and in
``agency ls``, and that the model server was sent exactly the conversations that took place."""

import json
import subprocess
import threading
from dataclasses import replace

from internal_tests.agents.agents import Agent
from internal_tests.agents.audit import Audit, Conversation
from internal_tests.agents.model_server import Answer, ModelServer
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World


def _say(world: World, agent: Agent, run: SeenRun, prompt: str, answer: str) -> None:
    """Send ``prompt`` to an idle agent, which must be confirmed, and wait for the answer."""
    agent.until(run, lambda: agent.is_ready(run), "the agent to be ready")
    world.ok("send", run.name, prompt)
    assert run.events[-1]["data"]["confirmed"] is True
    agent.until_done(run, answer)


def _thread(run: SeenRun) -> str:
    return str(json.loads((run.directory / "thread.json").read_text())["thread_id"])


def _is_held(world: World, agent: Agent, run: SeenRun, audit: Audit, command: str) -> None:
    """The agent asks whether it may run ``command``, and nothing happens until that is answered."""
    run.wait_for_screen(agent.question, 60)
    wait_for(lambda: run.status() == "waiting", "the run to be waiting", 60)
    assert command in run.row()["summary"]
    asked = len(audit.requests)
    waited = world.agency("wait", run.name, "--for", "status", "--status", "done", "--timeout", "2s")
    assert waited.code == 3, waited.out
    assert agent.question in run.screen()
    assert len(audit.requests) == asked


def test_the_whole_life_of_a_run(world: World, version: Agent, server: ModelServer) -> None:
    agent = version
    agent.configure(world, server)
    told = subprocess.run([agent.program, "--version"], env=world.env, capture_output=True, text=True).stdout
    assert agent.version in told.split()
    audit, talk = Audit(server), Conversation("talk")

    # Begun with a prompt; real tools look at a file and change it.
    heard = threading.Event()
    look = replace(agent.run_command("cat README.md", returns="a repo"), until=heard)
    audit.expect(talk, "plant walnuts", look, *agent.edit("README.md", "a repo", "a grove"), Answer(text="planted"))
    run = world.run("first", "--prompt", "plant walnuts")
    agent.until(run, lambda: run.status() == "working", "the agent to be working")
    heard.set()
    agent.until_done(run, "planted")
    assert (run.worktree / "README.md").read_text() == "a grove\n"
    assert (world.repo / "README.md").read_text() == "a repo\n"

    # Spoken to while idle.
    audit.expect(talk, "speak of\nalmonds", Answer(text="bitter or sweet"))
    _say(world, agent, run, "speak of\nalmonds", "bitter or sweet")

    # A permission that is asked for holds until it is given.
    audit.expect(talk, "dig a well", agent.run_command("touch well", asks=True), Answer(text="there is water"))
    agent.until(run, lambda: agent.is_ready(run), "the agent to be ready")
    world.ok("send", "first", "dig a well")
    _is_held(world, agent, run, audit, "touch well")
    assert not (run.worktree / "well").exists()
    agent.press_enter(run)
    agent.until_done(run, "there is water")
    assert (run.worktree / "well").exists()

    # A fork knows all that was said; what is said to either from now on the other does not know.
    graft = talk.fork("graft")
    audit.expect(graft, "graft a fig", Answer(text="grafted"))
    made = world.ok("fork", "first", "second", "--detached", "--prompt", "graft a fig")
    fork = world.find(made.pairs["run_id"])
    assert (fork.worktree / "well").exists()
    agent.until_done(fork, "grafted")
    audit.expect(talk, "water the walnuts", Answer(text="watered"))
    _say(world, agent, run, "water the walnuts", "watered")

    # Killed, they ask nothing any more; resumed, each is in its own conversation again.
    for seen in (run, fork):
        world.ok("kill", seen.name)
        assert seen.status() == "stopped"
    wait_for(lambda: not world.processes(), "the agents to be gone")
    asked = len(server.requests)
    for seen in (run, fork):
        world.ok("resume", seen.name, "--detached")
        assert f"{agent.name}.thread.resumed" in seen.event_names()
        assert f"{agent.name}.thread.started" in seen.event_names()
    threads = {"talk": _thread(run), "graft": _thread(fork)}
    assert len(server.requests) == asked
    audit.expect(talk, "harvest the walnuts", Answer(text="a full basket"))
    _say(world, agent, run, "harvest the walnuts", "a full basket")
    audit.expect(graft, "water the fig", Answer(text="it drips"))
    _say(world, agent, fork, "water the fig", "it drips")

    # Cleaned up, nothing is left but the records, and the work of the agents in the trash.
    assert world.agency("clean", "first", "--yes").error_code == "E_DIRTY_WORKTREE"
    for seen in (run, fork):
        world.ok("clean", seen.name, "--yes", "--discard")
        assert not seen.worktree.exists()
        assert "well" in world.git("ls-tree", "--name-only", f"refs/agency/trash/{seen.id}").splitlines()
    assert world.sessions() == []
    assert len(world.git("worktree", "list").splitlines()) == 1
    wait_for(lambda: not world.processes(), "every process to end")

    assert audit.check() == threads
