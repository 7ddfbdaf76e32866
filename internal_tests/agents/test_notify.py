"""The user is told when a real agent waits for an answer and when it is done, once in each turn."""

import json
import sys
from collections.abc import Callable

from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

_COMMAND = "touch made-by-agent"
_NOTE = "import os; open('told', 'a').write(os.environ['AGENCY_STATUS'] + '|' + os.environ['AGENCY_SUMMARY'] + '\\n')"


def _asks(request: Request) -> Answer:
    """Wants to run a command, once in each turn."""
    text = str(request.body.get("messages") or request.body.get("input"))
    turns, results = text.count("make the file"), text.count("'tool_result'") + text.count("function_call_output")
    if results >= turns or not request.tools:
        return Answer(text="it is made")
    if "Bash" in request.tools:
        return Answer(tool="Bash", arguments={"command": _COMMAND, "description": "make it"})
    arguments = {"cmd": _COMMAND, "sandbox_permissions": "require_escalated", "justification": "the file is wanted"}
    return Answer(tool="exec_command", arguments=arguments)


def test_waiting_and_done_are_told_once_in_each_turn(world: World, agent: Agent, server: ModelServer) -> None:
    notify = {"command": [sys.executable, "-c", _NOTE]}
    (world.config / "config.yaml").write_text(f"notify: {json.dumps(notify)}\n")
    agent.configure(world, server)
    server.responder = _asks
    file = world.repo / "told"

    def told() -> list[str]:
        return file.read_text().splitlines() if file.exists() else []

    run = world.run("talk", "--prompt", "make the file")
    agent.until(run, lambda: len(told()) == 1, "the question to be told")
    _say_yes(agent, run, lambda: len(told()) == 2)
    agent.until(run, lambda: agent.is_ready(run), "the agent to be ready")
    world.ok("send", "talk", "make the file again")
    wait_for(lambda: len(told()) == 3, "the second question to be told", 60)
    _say_yes(agent, run, lambda: len(told()) == 4)
    assert told() == [f"waiting|permission: Bash {_COMMAND}", "done|it is made"] * 2


def _say_yes(agent: Agent, run: SeenRun, done: Callable[[], bool]) -> None:
    """Press Enter, which says yes, when the dialog is there: it may come a moment after the question was told, and codex puts it
    off while somebody types."""

    def pressed() -> bool:
        if not done() and agent.question in run.screen():
            agent.press_enter(run)
        return done()

    wait_for(pressed, "the end of the turn to be told", 60, every=0.5)
