"""``agency send`` says done only when the agent took the text."""

from dataclasses import replace

import psutil

from internal_tests.agents.agents import CLAUDE, Agent
from internal_tests.agents.model_server import Answer, ModelServer
from internal_tests.support.waiting import wait_for
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


def test_an_enter_that_a_busy_agent_takes_for_a_part_of_the_paste_is_pressed_again(
    world: World, version: Agent, server: ModelServer
) -> None:
    version.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    version.until_done(run, "understood")
    version.until(run, lambda: version.is_ready(run), "the agent to be ready")
    processes = psutil.Process(int(run.pane()["pid"])).children(recursive=True)
    for process in processes:
        process.suspend()
    sending = world.spawn("send", "talk", "speak of figs")
    wait_for(lambda: _pastes(sending.pid), "the paste", every=0.002)
    wait_for(lambda: not _pastes(sending.pid), "the Enter")
    for process in processes:
        process.resume()
    sending.communicate()
    assert sending.returncode == 0
    version.until_done(run, "understood")
    assert len(server.conversations("speak of figs")) == 1


def test_claude_takes_a_prompt_in_its_full_screen_mode(world: World, server: ModelServer) -> None:
    claude = replace(CLAUDE, words=())
    claude.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    claude.until_done(run, "understood")
    assert world.tmux_ask("display-message", "-p", "-t", f"={run.session}:", "#{alternate_on}").stdout.strip() == "1"
    server.responder = lambda request: Answer(text="figs it is")
    world.ok("send", "talk", "speak of\nfigs")
    claude.until_done(run, "figs it is")
    assert "figs it is" in run.screen()


def _pastes(pid: int) -> bool:
    """Whether the command ``pid`` has tmux paste something now."""
    try:
        return any("paste-buffer" in child.cmdline() for child in psutil.Process(pid).children())
    except psutil.Error:
        return False
