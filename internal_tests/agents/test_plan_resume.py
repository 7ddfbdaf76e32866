"""The resume drill with real agents: the conductor of a plan is killed, another goes on, and the server itself proves that the
second turn of the task was in the conversation of the first."""

import json
from dataclasses import replace

from internal_tests.agents.agents import ALLOWING, Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.support.gate import Gate
from internal_tests.support.plans import make_plan, task
from internal_tests.support.world import World

WORK = "speak of walnuts"
ONCE = "test -e .agency/failed || { mkdir -p .agency; touch .agency/failed; echo not yet >&2; exit 1; }"
"""A doctor that says no the first time."""


def test_a_plan_goes_on_after_its_conductor_died_in_the_same_conversation(
    world: World, agent: Agent, server: ModelServer
) -> None:
    gate = Gate(world)
    plan = make_plan(
        world,
        [task("001", verify={"doctor": ONCE}, files={"writes": ["README.md"]}, locks={"writes": ["all"]})],
        specs={"001": f"{WORK}\n"},
        resources=[],
        fallback_resource="all",
        bootstrap=[gate.shell],
    )
    replace(agent, words=(*agent.words, *ALLOWING[agent.name])).configure(world, server)
    edits: list[Answer] = []

    def responder(request: Request) -> Answer:
        if not request.says(WORK) or request.is_aside:
            return Answer(text="understood")
        if not edits:
            (row,) = world.runs()
            edits.extend(agent.edit(f"{world.find(row['run_id']).worktree}/README.md", "a repo", "walnuts"))
        made = sum(bool(call) for call in given)
        if made < len(edits):
            given.append(True)
            return edits[made]
        return Answer(text="walnuts are nuts")

    given: list[bool] = []
    server.responder = responder
    conductor = plan.begin()
    started = plan.wait_for("session.start", "001")
    run = world.find(str(started["run_id"]))
    gate.wait()
    conductor.kill()
    conductor.wait()
    resumed = plan.resume()
    plan.wait_for("session.reattach", "001")
    gate.open()
    assert resumed.wait(120) == 0, f"{plan.saying()}\n{json.dumps(run.events[-6:])}"
    assert [told["running"] for told in plan.told("session.reattach", "001")] == [True]
    run = plan.run_of("001")
    threads = [event["data"]["thread_id"] for event in run.events if ".thread." in event["event"]]
    assert f"{agent.name}.thread.resumed" in run.event_names()
    assert len(set(threads)) == 1
    again = [
        request for request in server.conversations(WORK) if request.says("An earlier attempt at this step failed")
    ]
    assert again
    assert all(request.says("walnuts are nuts") for request in again)
    assert plan.trailers() == ["001"]
    assert world.git("show", "main:README.md") == "walnuts"
    assert plan.leftovers() == {}
