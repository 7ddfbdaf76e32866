"""``agency plan logs`` on a real plan: one that failed here and there, and is complete in the end."""

import json
import sqlite3
from collections import Counter

import pytest

from internal_tests.support.plans import make_plan, task, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

FAILS_ONCE = "test -e .agency/failed || { mkdir -p .agency; touch .agency/failed; echo 'no marker yet' >&2; exit 3; }"


@pytest.mark.plan_case(20)
@pytest.mark.plan_case(21)
def test_what_happened_is_told_from_real_events_of_plan_and_runs(world: World) -> None:
    plan = make_plan(
        world,
        [task("001", writes="docs", verify={"doctor": FAILS_ONCE}), task("002", writes="code", after=["001"])],
        {"001/": [writes("docs/a.txt")], "002/": [writes("code/b.txt")]},
    )
    result = world.agency("plan", "run")
    assert result.code == 0, result.err

    (summed,) = plan.told("run.summary")
    report = json.loads((plan.directory / "reports" / "summary.json").read_text())
    assert (summed["report_path"], summed["metrics"]) == (
        str(plan.directory / "reports" / "summary.json"),
        report["metrics"],
    )
    assert (report["status"], report["tasks"]) == ("complete", {"complete": 2})
    metrics = report["metrics"]
    assert (metrics["merges"], metrics["avg_batch_size"], metrics["failed_attempts"]) == (2, 1.0, 1)
    assert metrics["doctor_seconds_total"] > 0

    events = world.ok("plan", "logs", "query", "--json").data
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    sources = {
        path.parent.name: len(path.read_text().splitlines())
        for path in world.data.glob("repos/*/archive/*/events.jsonl")
    }
    assert Counter(event["source"] for event in events) == {"plan": len(plan.events), **sources}
    assert events == world.ok("plan", "logs", "query", "--no-index", "--json").data
    doctors = world.ok("plan", "logs", "query", "--task", "001", "--event", "doctor.*", "--json").data
    assert [event["event"] for event in doctors] == ["doctor.start", "doctor.fail", "doctor.start", "doctor.pass"]
    assert world.ok("plan", "logs", "query", "-e", "merge.moved").out.count("\n") == 2
    assert world.ok("plan", "logs", "query", "-t", "no such words", "--json").data == []
    followed = world.ok("plan", "logs", "query", "--follow", "--json").out.splitlines()
    assert [json.loads(line) for line in followed] == events

    story = world.ok("plan", "logs", "timeline").out
    for told in (
        "plan work began, into main",
        "task 001: run 1 is made (first)",
        "task 001: doctor failed at attempt 1 (exit code 3): no marker yet",
        "merge 1: tasks 001 onto ",
        "merge 2: the doctor of the whole passed",
        "task 002: complete, merged with ",
        "ended: complete",
    ):
        assert told in story, story
    assert "merge 2" not in world.ok("plan", "logs", "timeline", "--task", "001").out

    groups = world.ok("plan", "logs", "failures", "--json").data
    (group,) = [group for group in groups if group["event"] == "doctor.fail"]
    assert (group["kind"], group["count"], group["tasks"]) == ("exit code 3", 1, ["001"])
    assert group["examples"][0]["text"] == "no marker yet"

    said = world.ok("plan", "logs", "doctor", "--task", "001", "--json").data
    assert [(one["attempt"], one["exit_code"]) for one in said] == [(1, 3), (2, 0), (None, 0)]
    assert said[0]["text"].strip() == "no marker yet"
    assert "no marker yet" in world.ok("plan", "logs", "doctor", "--task", "001", "--attempt", "1").out
    assert world.agency("plan", "logs", "doctor", "--task", "001", "--attempt", "9").error_code == "E_LOG_NOT_FOUND"
    assert world.agency("plan", "logs", "doctor", "--task", "9").error_code == "E_TASK_NOT_FOUND"

    found = world.ok("plan", "logs", "search", "NO MARKER", "-i", "--json").data
    assert {path.rpartition("/")[2] for path in (one["path"] for one in found)} >= {"events.jsonl", "doctor-001.log"}
    assert world.agency("plan", "logs", "search", "no such words").code == 1

    (first, second) = world.ok("plan", "logs", "summarize", "--json").data
    assert (first["status"], first["next"], first["last_attempt"]["how"]) == ("complete", None, "accepted")
    assert first["last_attempt"]["attempt"] == 2
    assert second["doctor_exit_code"] == 0
    assert "last attempt: " in world.ok("plan", "logs", "summarize", "--task", "002").out


@pytest.mark.plan_case(21)
def test_an_index_that_is_broken_or_cannot_be_written_is_no_loss(world: World) -> None:
    plan = make_plan(world, [task("001", writes="docs")])
    world.ok("plan", "run")
    state = (plan.directory / "state.json").stat()
    everything = world.ok("plan", "logs", "query", "--no-index", "--json").data
    index = plan.directory / "index.sqlite"
    assert not index.exists()
    index.write_bytes(b"this is no index" * 100)
    assert world.ok("plan", "logs", "query", "--json").data == everything
    with sqlite3.connect(index) as rows:
        assert rows.execute("SELECT count(*) FROM events").fetchone() == (len(everything),)
    index.unlink()
    index.mkdir()
    told = world.ok("plan", "logs", "query", "--json")
    assert (told.data, "without the index" in told.err) == (everything, True)
    index.rmdir()
    log = plan.directory / "events.jsonl"
    world.ok("plan", "logs", "query")
    whole = log.read_bytes()
    log.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]) + b'{"event":"torn')
    assert sum(event["source"] == "plan" for event in world.ok("plan", "logs", "query", "--json").data) == 3
    log.write_bytes(whole)
    assert world.ok("plan", "logs", "query", "--json").data == everything
    after = (plan.directory / "state.json").stat()
    assert (after.st_mtime_ns, after.st_ino) == (state.st_mtime_ns, state.st_ino)


def test_a_plan_is_followed_until_it_ends(world: World) -> None:
    plan = make_plan(world, [task("001", writes="docs")], {"*": [writes("docs/a.txt", delay=1)]})
    conductor = plan.begin()
    plan.wait_for("session.start", "001")
    follower = world.spawn("plan", "logs", "query", "--follow", "--event", "run.*")
    assert conductor.wait(timeout=60) == 0
    wait_for(lambda: follower.poll() is not None, "the follower to end")
    out, _ = follower.communicate()
    names = [line.split()[3] for line in out.decode().splitlines()]
    assert names == ["run.start", "run.tasks_loaded", "run.summary", "run.complete"]
