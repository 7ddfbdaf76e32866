"""A tmux server that does not answer for longer than a call waits ends no conductor."""

import os

import psutil
import pytest

from internal_tests.support.plans import make_plan, task
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


@pytest.mark.skipif("AGENCY_CHAOS_EVERY_STEP" not in os.environ, reason="it takes as long as a call of tmux waits")
def test_a_conductor_goes_on_when_tmux_answers_again(world: World) -> None:
    gate = world.root / "gate"
    agent = {"*": [{"do": [["wait_for", str(gate)], ["write", "docs/{task}.txt", "made\n"]]}]}
    plan = make_plan(world, [task("001", writes="docs")], agent)
    conductor = plan.begin()
    run = plan.at_work("001")
    server = psutil.Process(world.tmux_server_pid())
    server.suspend()
    try:
        wait_for(lambda: "cannot be looked at" in plan.saying(), "the conductor to give up waiting for tmux", 60)
    finally:
        server.resume()
    gate.touch()
    assert conductor.wait(60) == 0, plan.saying()
    assert plan.told("session.missing") == [] and "resume_attach" not in run.event_names()
    assert plan.trailers() == ["001"] and plan.leftovers() == {}
