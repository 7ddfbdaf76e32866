"""``agency ls`` tells what a real agent is doing."""

import json
import threading
import time

from agency.domain.facts import QUESTION_SHOWN_AFTER
from internal_tests.agents.agents import CLAUDE, CODEX, Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World


def _status(run: SeenRun, wanted: str) -> None:
    wait_for(lambda: run.status() == wanted, f"{run.name} to be {wanted}", 60, every=0.2)


def _summary(run: SeenRun) -> str:
    return str(run.row()["summary"] or "")


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


def _codex_asks(request: Request) -> Answer:
    if request.says("make the file") and "function_call_output" not in str(request.body):
        arguments = {
            "cmd": "touch made-by-codex",
            "sandbox_permissions": "require_escalated",
            "justification": "the file is wanted",
        }
        return Answer(tool="exec_command", arguments=arguments)
    return Answer(text="it is made")


def test_a_command_that_codex_wants_approved_is_shown_and_ends_with_the_answer(
    world: World, server: ModelServer
) -> None:
    CODEX.configure(world, server)
    server.responder = _codex_asks
    run = world.run("talk", "--prompt", "make the file")
    CODEX.until(run, lambda: _summary(run).startswith("permission"), "the question")
    assert run.status() == "waiting"
    assert "touch made-by-codex" in _summary(run)
    run.wait_for_screen("Would you like to run the following command?")
    assert not (run.worktree / "made-by-codex").exists()
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "y")
    _status(run, "done")
    assert (run.worktree / "made-by-codex").exists()


def test_an_agent_that_got_its_answer_is_working_while_the_command_runs(
    world: World, agent: Agent, server: ModelServer
) -> None:
    command = "touch begun; while [ ! -e go ]; do sleep 0.1; done"

    def responder(request: Request) -> Answer:
        answered = "function_call_output" in str(request.body) or "tool_result" in str(request.body)
        if answered or not request.says("wait for me"):
            return Answer(text="it came")
        if "Bash" in request.tools:
            return Answer(tool="Bash", arguments={"command": command, "description": "wait"})
        arguments = {"cmd": command, "sandbox_permissions": "require_escalated", "justification": "to wait"}
        return Answer(tool="exec_command", arguments={**arguments, "yield_time_ms": 30000})

    agent.configure(world, server)
    server.responder = responder
    run = world.run("talk", "--prompt", "wait for me")
    agent.until(run, lambda: _summary(run).startswith("permission"), "the question")
    run.wait_for_screen("1. Yes")
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "Enter")
    _status(run, "working")
    assert _summary(run) == f"Bash {command}"
    (run.worktree / "go").touch()
    _status(run, "done")


def test_a_patch_that_codex_wants_approved_is_shown_by_its_files(world: World, server: ModelServer) -> None:
    patch = "*** Begin Patch\n*** Add File: made.txt\n+hello\n*** Update File: README.md\n@@\n-a repo\n+my repo\n*** End Patch"

    def responder(request: Request) -> Answer:
        if request.says("edit the files") and "function_call_output" not in str(request.body):
            return Answer(tool="exec_command", arguments={"cmd": f"apply_patch <<'EOF'\n{patch}\nEOF\n"})
        return Answer(text="they are edited")

    CODEX.configure(world, server)
    server.responder = responder
    run = world.run("talk", "--prompt", "edit the files", "--", "--sandbox", "read-only")
    CODEX.until(run, lambda: _summary(run).startswith("permission: apply_patch"), "the question")
    assert _summary(run) == "permission: apply_patch made.txt, README.md"
    run.wait_for_screen("Would you like to make the following edits?")
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "y")
    _status(run, "done")
    assert (run.worktree / "made.txt").read_text() == "hello\n"


def test_a_question_that_claude_asks_is_shown(world: World, server: ModelServer) -> None:
    choice = [{"label": "80", "description": "usual"}, {"label": "8080", "description": "other"}]
    asked = {"question": "Which port shall it be?", "header": "Port", "multiSelect": False, "options": choice}

    def responder(request: Request) -> Answer:
        if "AskUserQuestion" in request.tools and "tool_result" not in str(request.body):
            return Answer(tool="AskUserQuestion", arguments={"questions": [asked]})
        return Answer(text="so be it")

    CLAUDE.configure(world, server)
    server.responder = responder
    run = world.run("talk", "--prompt", "open a port")
    _status(run, "waiting")
    assert _summary(run) == "Which port shall it be?"
    run.wait_for_screen("Enter to select")
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "Enter")
    _status(run, "done")


def test_a_question_that_codex_asks_is_shown_until_it_is_answered(world: World, server: ModelServer) -> None:
    choice = [{"label": "80", "description": "usual"}, {"label": "8080", "description": "other"}]
    asked = {"id": "port", "header": "Port", "question": "Which port shall it be?", "options": choice}

    def responder(request: Request) -> Answer:
        if "request_user_input" in request.tools and "function_call_output" not in str(request.body):
            return Answer(tool="request_user_input", arguments={"questions": [asked]})
        return Answer(text="so be it")

    CODEX.configure(world, server)
    server.responder = responder
    run = world.run("talk", "--prompt", "open a port", "--", "--enable", "default_mode_request_user_input")
    CODEX.until(run, lambda: _summary(run) == "Which port shall it be?", "the question")
    run.wait_for_screen("Question 1/1", 60)
    told = json.loads((run.directory / "hooks.jsonl").read_text().splitlines()[-1])["at"]
    wait_for(lambda: time.time() > told + QUESTION_SHOWN_AFTER, "the time after which the screen counts")
    assert run.status() == "waiting"
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "Enter")
    _status(run, "done")


def test_a_command_that_codex_may_not_run_ends_its_turn(world: World, server: ModelServer) -> None:
    CODEX.configure(world, server)
    server.responder = _codex_asks
    run = world.run("talk", "--prompt", "make the file")
    CODEX.until(run, lambda: _summary(run).startswith("permission"), "the question")
    run.wait_for_screen("Would you like to run the following command?")
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "Escape")
    _status(run, "done")
    assert not (run.worktree / "made-by-codex").exists()


def test_hooks_of_agency_leave_no_trace_in_the_config_of_codex(world: World, server: ModelServer) -> None:
    CODEX.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    CODEX.until(run, lambda: run.status() == "done", "the answer")
    assert "hooks" not in (world.home / ".codex" / "config.toml").read_text()
    assert "Hooks need review" not in run.screen()
    told = [json.loads(line)["event"] for line in (run.directory / "hooks.jsonl").read_text().splitlines()]
    assert told == ["UserPromptSubmit", "Stop"]


def test_a_sub_agent_of_codex_is_not_taken_for_the_conversation_of_the_run(world: World, server: ModelServer) -> None:
    def responder(request: Request) -> Answer:
        answered = "function_call_output" in str(request.body)
        if request.says("ask a sub-agent"):
            if answered:
                return Answer(text="the sub-agent was asked", delay=5.0)
            arguments = {"message": "look for figs", "agent_type": "worker"}
            return Answer(tool="spawn_agent", namespace="multi_agent_v1", arguments=arguments)
        return Answer(text="figs are found")

    CODEX.configure(world, server)
    server.responder = responder
    run = world.run("talk", "--prompt", "ask a sub-agent")
    CODEX.until(run, lambda: len(list(world.home.glob(".codex/sessions/*/*/*/*.jsonl"))) == 2, "both session files")
    sub_agents = [
        path
        for path in world.home.glob(".codex/sessions/*/*/*/*.jsonl")
        if "subagent" in path.read_text().split("\n")[0]
    ]
    (child,) = sub_agents
    wait_for(lambda: "task_complete" in child.read_text(), "the sub-agent to be done", 30)
    assert run.status() == "working"
    _status(run, "done")
    assert run.row()["summary"] == "the sub-agent was asked"
    world.ok("kill", "talk")
    world.ok("resume", "talk", "--detached")
    thread = json.loads((run.directory / "thread.json").read_text())["thread_id"]
    assert not child.stem.endswith(thread)
    CODEX.until(run, lambda: CODEX.is_ready(run), "codex to be ready")
    server.responder = lambda request: Answer(text="understood")
    world.ok("send", "talk", "speak of almonds")
    wait_for(lambda: server.conversations("speak of almonds"), "the prompt at the server", 60)
    assert all(request.says("ask a sub-agent") for request in server.conversations("speak of almonds"))


def test_a_turn_of_claude_that_is_broken_off_at_a_question_is_done(world: World, server: ModelServer) -> None:
    arguments = {"command": "touch made-by-claude", "description": "make it"}
    CLAUDE.configure(world, server)
    server.responder = lambda request: Answer(tool="Bash" if "Bash" in request.tools else None, arguments=arguments)
    run = world.run("talk", "--prompt", "make the file")
    _status(run, "waiting")
    run.wait_for_screen("Esc to cancel")
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "Escape")
    _status(run, "done")
    assert _summary(run) == "interrupted"


def test_a_turn_that_is_broken_off_before_the_first_word_is_done(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    server.responder = lambda request: Answer(text="too late", delay=60.0)
    run = world.run("talk", "--prompt", "plant a walnut")
    agent.until(run, lambda: run.status() == "working", "the agent to be working")
    run.wait_for_screen("esc to interrupt")
    world.tmux_ask("send-keys", "-t", f"={run.session}:", "Escape")
    _status(run, "done")


def test_a_turn_that_fails_is_done_and_the_failure_is_shown(world: World, server: ModelServer) -> None:
    CLAUDE.configure(world, server)
    server.responder = lambda request: Answer(status=400)
    run = world.run("talk", "--prompt", "plant a walnut")
    wait_for(lambda: _summary(run).startswith("API Error: 400"), "the failure", 60, every=0.2)
    assert run.status() == "done"


def test_a_conversation_that_the_agent_left_for_another_is_followed(world: World, server: ModelServer) -> None:
    CLAUDE.configure(world, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    CLAUDE.until_done(run, "understood")
    run.type("/clear")
    wait_for(lambda: '"source":"clear"' in (run.directory / "hooks.jsonl").read_text(), "the command to be taken", 60)
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
