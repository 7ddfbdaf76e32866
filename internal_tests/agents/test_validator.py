"""A real agent judges the work of a task: it sees what it has to go by, its no stops the merge, and its tokens count."""

import json

import yaml

from internal_tests.agents import model_server
from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import ModelServer, Request
from internal_tests.support.plans import make_plan, task, writes
from internal_tests.support.world import World

SAID = {"pass": False, "summary": "the walnuts are misspelt", "concerns": [], "confidence": "high"}


def test_a_real_agent_says_no_and_its_tokens_count(world: World, agent: Agent, server: ModelServer) -> None:
    plan = make_plan(
        world,
        [task("001", writes="docs")],
        {"*": [writes("docs/nuts.txt", "wallnuts\n")]},
        validators={"style": {"mode": "block", "runner": agent.name}},
        budgets={"max_tokens_per_task": 500},
    )
    agent.require()
    agent.prepare(world, server)
    config = yaml.safe_load((world.repo / "agency.yaml").read_text())
    config["runners"][agent.name] = {"command": [str(agent.program), *agent.words]}
    world.commit({"agency.yaml": json.dumps(config)})

    def answer(request: Request) -> model_server.Answer:
        usage = model_server.Usage(input=1000, cached=0, output=7)
        if "StructuredOutput" in request.tools:
            return model_server.Answer(tool="StructuredOutput", arguments=SAID, usage=usage)
        return model_server.Answer(text=json.dumps(SAID), usage=usage)

    server.responder = answer
    result = world.agency("plan", "run")
    assert result.code == 3, result.err
    state = plan.state["tasks"]["001"]
    assert (state["status"], state["review"]["by"]) == ("needs_human_review", "style")
    assert "the walnuts are misspelt" in state["reason"]
    (asked,) = server.conversations("You are the style validator")
    assert asked.says("wallnuts") and asked.says("Do 001.")
    (told,) = plan.told("validator.block", "001")
    assert told["tokens"] == state["judging_tokens"] == 1007
    work = state["dispatches"][0]["tokens"]
    assert [crossed["value"] for crossed in plan.told("budget.warn", "001")] == [1007 + work]
    assert plan.trailers() == []
    assert list(world.data.glob("repos/*/worktrees/*.judge")) == []
