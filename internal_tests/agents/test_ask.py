"""The real agents answer once, in JSON of the shape that they are asked for."""

import contextlib
import json

import pytest

from agency.domain.errors import AgencyError
from agency.domain.jsonshape import TEXT, shape
from agency.plans.ask import Answer, Place, Question, ask_runner
from agency.sessions.context import Context
from agency.sessions.find import require_repo
from agency.store.paths import find_paths
from internal_tests.agents import model_server
from internal_tests.agents.agents import CLAUDE, CODEX, OPENCODE, Agent
from internal_tests.agents.model_server import ModelServer, Request
from internal_tests.support.world import World

QUESTION = Question(
    kind="nuts", prompt="speak of walnuts", schema=shape({"pass": {"type": "boolean"}, "summary": TEXT})
)
SAID = {"pass": True, "summary": "they are good"}


def ask(world: World) -> Answer:
    """The answer of the default runner, standing in the repo."""
    context = Context(
        environ=world.env,
        cwd=str(world.repo),
        paths=find_paths(world.env),
        command="test",
        lock_timeout=10.0,
        tell=lambda text: None,
        busy=lambda what: contextlib.nullcontext(),
        allow_scripts=True,
    )
    place = Place(
        repo=require_repo(context, str(world.repo)),
        directory=str(world.repo),
        owner="asked-once",
        timeout=120.0,
        log=str(world.root / "ask.log"),
    )
    return ask_runner(context, None, None, QUESTION, place)


def test_an_agent_gives_the_json_that_it_is_asked_for_and_tells_what_it_took(
    world: World, any_agent: Agent, server: ModelServer
) -> None:
    any_agent.configure(world, server)

    def answer(request: Request) -> model_server.Answer:
        usage = model_server.Usage(input=1000, cached=0, output=7)
        if "StructuredOutput" in request.tools:
            return model_server.Answer(tool="StructuredOutput", arguments=SAID, usage=usage)
        text = '```json\n{"pass": true, "summary": "they are good"}\n```' if any_agent is not CODEX else _plain()
        return model_server.Answer(text=text, usage=usage)

    server.responder = answer
    answered = ask(world)
    assert answered.value == SAID
    assert answered.by == any_agent.name
    if any_agent is not OPENCODE:
        assert (answered.usage.input, answered.usage.output) == (1000, 7)
    (asked, *_) = server.conversations("speak of walnuts")
    if any_agent is CODEX:
        assert asked.body["text"]["format"]["schema"] == QUESTION.schema
    elif any_agent is CLAUDE:
        (tool,) = (tool for tool in asked.body["tools"] if tool["name"] == "StructuredOutput")
        assert tool["input_schema"]["properties"].keys() == {"pass", "summary"}
    else:
        assert asked.says('"summary"')


def test_an_agent_that_says_something_else_is_an_error_with_what_is_wrong(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    server.responder = lambda request: model_server.Answer(text="I would rather not")
    with pytest.raises(AgencyError) as caught:
        ask(world)
    assert caught.value.code == "E_NO_ANSWER"
    assert caught.value.details.get("log") or caught.value.details.get("problems")


def _plain() -> str:
    return '{"pass": true, "summary": "they are good"}'


def test_an_agent_drafts_a_plan(world: World, agent: Agent, server: ModelServer) -> None:
    agent.configure(world, server)
    settings = {"version": 1, "resources": [{"name": "docs", "paths": ["docs/**"]}], "doctor": "true"}
    world.commit({"plan.yaml": json.dumps(settings)})
    (world.repo / "nuts.md").write_text("Write about walnuts.\n")
    planned = {
        "id": "001",
        "name": "walnuts",
        "description": "Say what walnuts are",
        "estimated_minutes": 15,
        "dependencies": [],
        "locks": {"reads": [], "writes": ["docs"]},
        "files": {"reads": [], "writes": ["docs/walnuts.md"]},
        "affected_tests": [],
        "test_paths": [],
        "tdd_mode": "off",
        "verify": {"doctor": "test -s docs/walnuts.md", "fast": None, "lint": None},
        "spec": "Write docs/walnuts.md.",
    }
    said = {"tasks": [planned]}
    server.responder = lambda request: (
        model_server.Answer(tool="StructuredOutput", arguments=said)
        if "StructuredOutput" in request.tools
        else model_server.Answer(text=json.dumps(said))
    )
    drafted = world.ok("plan", "draft", "--input", "nuts.md", "--json").data
    assert drafted["by"] == agent.name
    assert drafted["usage"]["input"] == 100
    assert [one["directory"] for one in drafted["tasks"]] == ["001-walnuts"]
    assert "ok: plan nuts, 1 task" in world.ok("plan", "check", "nuts").out
    assert server.conversations("Write about walnuts.")
