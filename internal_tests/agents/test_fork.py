"""A fork starts where the other run is: its files and its conversation, which goes on without the fork."""

from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import ModelServer
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


def test_a_fork_has_the_files_and_knows_the_conversation_and_the_other_does_not_know_the_fork(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    run = world.run("first", "--prompt", "speak of walnuts")
    agent.until_done(run, "understood")
    (run.worktree / "note.txt").write_text("uncommitted\n")

    made = world.ok("fork", "first", "second", "--detached", "--prompt", "speak of almonds")
    fork = world.find(made.pairs["run_id"])
    assert (fork.worktree / "note.txt").read_text() == "uncommitted\n"
    agent.until(fork, lambda: server.conversations("speak of almonds"), "the fork's prompt at the server")
    assert all(request.says("speak of walnuts") for request in server.conversations("speak of almonds"))

    world.ok("send", "first", "speak of figs")
    wait_for(lambda: server.conversations("speak of figs"), "the prompt at the server", 60)
    assert not any(request.says("speak of almonds") for request in server.conversations("speak of figs"))


def test_a_fork_in_which_nothing_was_said_is_still_one_after_a_kill_that_came_at_once(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    run = world.run("first", "--prompt", "speak of walnuts")
    agent.until_done(run, "understood")
    fork = world.find(world.ok("fork", "first", "second", "--detached").pairs["run_id"])
    world.kill_tmux_server()
    world.ok("resume", "second", "--detached")
    agent.until(fork, lambda: agent.is_ready(fork), "the fork to be ready again")
    world.ok("send", "second", "speak of almonds")
    agent.until(fork, lambda: server.conversations("speak of almonds"), "the fork's prompt at the server")
    assert all(request.says("speak of walnuts") for request in server.conversations("speak of almonds"))

    world.ok("resume", "first", "--detached")
    agent.until(run, lambda: agent.is_ready(run), "the first to be ready again")
    world.ok("send", "first", "speak of figs")
    wait_for(lambda: server.conversations("speak of figs"), "the prompt at the server", 60)
    assert not any(request.says("speak of almonds") for request in server.conversations("speak of figs"))
