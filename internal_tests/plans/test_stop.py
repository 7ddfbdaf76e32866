"""Stopping and going on: signals, operators, decisions while work is under way, records that cannot be read."""

import json
import signal
from pathlib import Path

import psutil
import pytest

from internal_tests.support.plans import make_plan, task, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


def gated(world: World, *paths: str) -> tuple[list[object], Path]:
    """What an agent does that waits for the gate before it writes ``paths``, and the gate."""
    gate = world.root / "gate"
    return [["wait_for", str(gate)], *(["write", path, "made\n"] for path in paths)], gate


@pytest.mark.plan_case(16)
@pytest.mark.plan_case(18)
@pytest.mark.plan_case(19)
def test_an_interrupt_stops_the_conductor_once_and_leaves_the_workers_to_their_work(world: World) -> None:
    deeds, gate = gated(world, "docs/{task}.txt")
    plan = make_plan(
        world,
        [task("001", writes="code"), task("002", writes="docs"), task("003", after=["001"])],
        {"001/": [writes("elsewhere")], "002/": [{"do": deeds}]},
        manifest_enforcement="block",
        max_rescopes=0,
    )
    conductor = plan.begin()
    run = plan.at_work("002")
    session, pane = run.session, run.pane()
    plan.wait_for("review.asked", "001")
    busy = world.agency("plan", "resume")
    assert (busy.code, busy.error_code) == (1, "E_PLAN_BUSY") and str(conductor.pid) in busy.err
    wrong = world.agency("plan", "review", "approve", "003", "--json")
    assert wrong.error["code"] == "E_PLAN_TRANSITION"
    refused = world.agency("plan", "review", "skip", "002", "--json")
    assert refused.error["code"] == "E_PLAN_TRANSITION" and "--force" in refused.error["hint"]

    conductor.send_signal(signal.SIGINT)
    assert conductor.wait(30) == 130, plan.saying()
    (stop,) = plan.told("run.stop")
    assert (stop["reason"], stop["signal"], stop["sessions"]) == ("signal", "SIGINT", "left_running")
    assert plan.state["status"] == "paused" and session in world.sessions()
    before = (plan.directory / "state.json").read_bytes(), plan.events
    status = world.ok("plan", "status", "--json").data
    assert (status["status"], status["conductor"]) == ("paused", None)
    assert before == ((plan.directory / "state.json").read_bytes(), plan.events), "looking changed the record"

    gate.touch()
    plan.go_on(code=3)
    assert plan.statuses == {"001": "rescope_required", "002": "complete", "003": "pending"}
    (paused,) = plan.told("run.paused")
    assert (paused["reason"], paused["waiting"]) == ("blocked_dependencies", {"003": ["001"]})
    found = [*plan.told("session.reattach"), *plan.told("session.exited_on_resume")]
    assert [one["session"] for one in found] == [session]
    assert plan.told("session.reattach") == [] or str(found[0]["pane_pid"]) == pane["pid"]
    assert plan.told("session.missing") == []

    record = plan.directory / "state.json"
    kept = record.read_text()
    for text in ("{", "[]", json.dumps({"tasks": {}}), kept.replace('"needs', '"x').replace('"dispatches"', '"y"')):
        record.write_text(text)
        told = world.agency("plan", "resume", "--json").error
        assert told["code"] == "E_STORE_FAILED" and told["hint"] and str(record) in json.dumps(told)
    record.write_text(kept)
    world.ok("plan", "review", "skip", "001")
    plan.go_on()
    assert plan.trailers() == ["002"], "a task that changes nothing makes no commit"
    assert plan.leftovers() == {}


@pytest.mark.plan_case(18)
def test_stop_ends_the_sessions_of_the_plan_alone_and_a_resume_keeps_its_base(world: World) -> None:
    deeds, gate = gated(world, "docs/{task}.txt")
    plan = make_plan(
        world,
        [task("001", writes="docs"), task("002", writes="code")],
        {"001/": [{"do": deeds}], "002/": [{"do": [["wait_for", str(gate)], ["write", "code/b", "b\n"]]}]},
    )
    mine = world.run("mine")
    base = plan.main()
    conductor = plan.begin()
    sessions = {plan.at_work(name).session for name in ("001", "002")}
    assert sessions <= set(world.sessions())
    stopped = world.ok("plan", "stop", "--sessions", "--json").data
    assert (stopped["stopped"], stopped["sessions_stopped"]) == (True, 2)
    assert conductor.wait(30) == 3, plan.saying()
    assert world.sessions() == [mine.session], "the session of somebody else was ended, or one of the plan was not"
    assert [told["sessions_stopped"] for told in plan.told("run.stop")] == [2]
    again = world.agency("plan", "stop", "--json")
    assert again.code == 0 and again.data["stopped"] is False

    theirs = world.commit({"theirs.txt": "theirs\n"}, "theirs")
    gate.touch()
    plan.go_on()
    assert json.loads((plan.directory / "plan.json").read_text())["base_commit"] == base
    assert {one["base"] for one in plan.state["tasks"].values()} == {base}
    assert sorted(plan.trailers()) == ["001", "002"]
    assert world.git("merge-base", "--is-ancestor", theirs, "main") == ""
    assert len(plan.told("session.missing")) == 2
    world.ok("clean", "mine", "--yes", "--discard", "--delete-branch")
    assert plan.leftovers() == {}


@pytest.mark.plan_case(18)
@pytest.mark.plan_case(19)
def test_a_second_signal_ends_the_conductor_at_once_and_a_task_at_work_can_be_left_out_by_force(world: World) -> None:
    deeds, gate = gated(world, "docs/{task}.txt")
    plan = make_plan(world, [task("001", writes="docs"), task("002", writes="code")], {"*": [{"do": deeds}]})
    conductor = plan.begin()
    plan.at_work("001")
    assert world.ok("plan", "review", "skip", "001", "--force", "--json").data["status"] == "skipped"
    run = plan.run_of("001")
    wait_for(lambda: run.archived, "the run that was left out to be put away")
    plan.at_work("002")
    process = psutil.Process(conductor.pid)
    process.suspend()
    conductor.send_signal(signal.SIGTERM)
    conductor.send_signal(signal.SIGINT)
    process.resume()
    conductor.wait(30)
    gate.touch()
    plan.go_on()
    assert plan.statuses == {"001": "skipped", "002": "complete"}
    assert plan.leftovers() == {}


@pytest.mark.plan_case(19)
def test_flags_of_a_run_hold_for_a_resume_and_a_detached_conductor_is_one_too(world: World) -> None:
    deeds, gate = gated(world, "docs/{task}.txt")
    plan = make_plan(world, [task("001", writes="docs"), task("002"), task("003")], {"*": [{"do": deeds}]})
    told = world.ok("plan", "run", "--detached", "--tasks", "001,003", "--max-parallel", "1", "--json").data
    plan.at_work("001")
    assert f"agency_{told['plan_id']}" in world.sessions()
    assert world.agency("plan", "resume", "--json").error["code"] == "E_PLAN_BUSY"
    world.ok("plan", "stop")
    wait_for(lambda: plan.state["status"] == "paused", "the conductor to stop")
    world.ok("plan", "resume", "--detached")
    gate.touch()
    wait_for(lambda: plan.state["status"] == "complete", "the plan to be complete", 60)
    assert plan.statuses == {"001": "complete", "003": "complete"}, "a resume did other tasks than were asked for"
    starts = [(one["event"], one.get("task_id")) for one in plan.events]
    assert starts.index(("session.ended", "001")) < starts.index(("task.dispatch", "003")), "--max-parallel was lost"
    wait_for(lambda: world.sessions() == [], "the session of the conductor to end with it")
    assert plan.leftovers() == {}


@pytest.mark.plan_case(17)
def test_a_record_whose_task_nobody_knows_ends_in_a_failed_plan_that_says_so(world: World) -> None:
    plan = make_plan(world, [task("001", writes="docs"), task("002", after=["001"])])
    conductor = plan.begin()
    plan.wait_for("session.start", "001")
    conductor.kill()
    conductor.wait()
    record = plan.directory / "plan.json"
    values = json.loads(record.read_text())
    values["tasks"]["002"]["manifest"]["dependencies"] = ["000"]
    record.write_text(json.dumps(values))
    plan.go_on(code=4)
    (blocked,) = plan.told("run.blocked")
    assert (blocked["reason"], blocked["waiting"]) == ("missing_dependencies", {"002": ["000"]})
    assert plan.statuses == {"001": "complete", "002": "pending"}


@pytest.mark.plan_case(18)
def test_a_stop_that_a_conductor_died_over_does_not_stop_the_next_one(world: World) -> None:
    deeds, gate = gated(world, "docs/{task}.txt")
    plan = make_plan(world, [task("001", writes="docs")], {"*": [{"do": deeds}]})
    (world.repo / "README.md").write_text("mine\n")
    refused = world.agency("plan", "run", "--json")
    assert (refused.error["code"], plan.events) == ("E_TARGET_DIRTY", []), "it was begun all the same"
    assert refused.error["hint"] and world.ok("plan", "runs", "--json").data == []
    world.git("checkout", "--quiet", "README.md")
    conductor = plan.begin()
    plan.at_work("001")
    process = psutil.Process(conductor.pid)
    process.suspend()
    stopping = world.spawn("plan", "stop", "--json")
    wait_for(lambda: (plan.directory / "control.jsonl").exists(), "the request to be written down")
    process.kill()
    conductor.wait()
    out, _ = stopping.communicate(timeout=30)
    assert json.loads(out)["data"]["stopped"] is True
    gate.touch()
    plan.go_on()
    assert plan.told("run.stop") == [] and plan.trailers() == ["001"]
    assert plan.leftovers() == {}
