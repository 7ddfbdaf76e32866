"""What must hold of a job that is done, however often its worker was killed on the way, looked at through files, git and the
process table. Every function raises AssertionError with what it saw."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from internal_tests.chaos.invariants import debris, entries, lock_files
from internal_tests.support.audit import check_event_logs
from internal_tests.support.jobs import JobRun
from internal_tests.support.waiting import wait_for

_BUDGET_OF = {"success": 0, "retrying": 1, "queue_retry": 1, "lost": 0, "cancelled": 0}
"""Outcome of an attempt -> what it takes from the budget of its step."""
_FILES = {
    "one": {"one.txt": b"made\n", "one.bin": b"\0\1", "deep/note": b"x"},
    "two": {"one.txt": b"made\nmore\n", "two.txt": b"two\n"},
}
_PARTS = {
    *("events.jsonl", "job.json", "launches", "logs", "meta.json", "patches", "session.json", "state", "thread.json"),
    *("worker.lock", "evidence", "usage.json", "control.jsonl", "recovery.json", "notify.json"),
}


def check_done(
    run: JobRun, ids: Sequence[str], *, again: Sequence[str] = (), outcomes: Sequence[str] = ("done",)
) -> None:
    """The job of steps ``ids`` is done. ``again``: those that an operator had done once more. ``outcomes``: how it ended each
    time, in order."""
    check_event_logs(run.world.data)
    state = run.state
    reached = (state["outcome"], state["step_index"], state["running"], state["reset"], state["job_attempt"])
    assert reached == ("done", len(ids), None, None, len(outcomes)), f"the state is {reached}"
    assert state["resets_used"] <= 1 and all(step["accepted"] for step in state["steps"]), f"the state is {state}"
    finished = [data["outcome"] for data in run.told("finished")]
    assert finished == list(outcomes), f"the job ended {finished}"
    accepted = [data["stepId"] for data in run.told("step.finished")]
    assert accepted == [*ids, *again], f"accepted: {accepted}"
    assert len(run.told("steps.plan")) == 1, "the steps were told twice"
    assert [data["stepId"] for data in run.told("step.started")] == list(ids), "a step was begun twice"
    for index, step_id in enumerate(ids):
        _check_attempts(run, index, successes=accepted.count(step_id))
        attempts = run.outcomes(index)
        assert state["steps"][index]["attempts"] == len(attempts), f"attempts: {attempts}, in the state: {state}"
        checkpoint = json.loads((run.directory / f"state/steps/step-{index:04d}.json").read_text())
        assert (checkpoint["status"], checkpoint["attempt"]) == ("valid", len(attempts)), f"checkpoint {checkpoint}"
        if not again and len(outcomes) == 1 and not state["operator_resets"]:
            consumed = sum(_BUDGET_OF[one] for one in attempts)
            assert state["steps"][index]["consumed"] == consumed, "a lost attempt counts, or a failed one does not"
    _check_chain(run, len(ids))


def _check_attempts(run: JobRun, index: int, *, successes: int) -> None:
    """Each attempt of a step has one number, one beginning, one end, and a final record that agrees with its events."""
    told: dict[int, list[dict[str, Any]]] = {}
    for event in run.events:
        name, data = event["event"], event["data"]
        if name.startswith(("task.step.attempt.", "task.self_heal.")) and data["stepIndex"] == index:
            told.setdefault(data["attempt"], []).append(event)
    records = [json.loads(path.read_text()) for path in _records(run, index)]
    numbers = list(range(1, len(records) + 1))
    assert [record["attempt"] for record in records] == numbers, f"the records are {records}"
    outcomes = [record["outcome"] for record in records]
    assert outcomes.count("success") == successes and outcomes[-1] == "success", f"attempts: {outcomes}"
    assert set(told) <= set(numbers), f"attempts without a record: {set(told) - set(numbers)}"
    for record in records:
        events = told.get(record["attempt"], [])
        names = Counter(event["event"].removeprefix("task.step.attempt.") for event in events)
        assert record["outcome"] in _BUDGET_OF, f"attempt {record['attempt']} is {record['outcome']}"
        begun = "before it began" not in (record["failureSummary"] or "")
        assert names["started"] == begun, f"attempt {record['attempt']} was told to begin {names['started']} times"
        success = record["outcome"] == "success"
        ends = (names["finished"], names["failed"])
        assert ends == (success, not success), f"attempt {record['attempt']} is {record['outcome']}; ends told: {ends}"
        for event in events:
            if event["event"] == "task.step.attempt.failed":
                assert event["data"]["outcome"] == record["outcome"], f"{event} is not what the record says"
            if event["event"] != "task.step.attempt.started":
                same = {key: event["data"][key] for key in ("failureClass", "diffHash", "strategy")}
                assert same == {key: record[key] for key in same}, f"{event} is not what the record says: {record}"
            assert event["seq"] in record["events"], (
                f"the record of attempt {record['attempt']} has the events {record['events']}, not {event}"
            )
        heals = max([0, *(count for name, count in names.items() if name.startswith("task.self_heal."))])
        assert heals <= 1, f"healing was told twice: {names}"
        assert record["finishedAt"] is not None, f"not finished: {record}"


def _check_chain(run: JobRun, steps: int) -> None:
    """Each checkpoint that counts begins where the one before ended, and its ref keeps its tree."""
    before = run.world.git("rev-parse", f"{run.meta['base_commit']}^{{tree}}")
    for index in range(steps):
        checkpoint = json.loads((run.directory / f"state/steps/step-{index:04d}.json").read_text())
        assert checkpoint["beforeTree"] == before, f"step {index} begins at {checkpoint['beforeTree']}, not {before}"
        before = checkpoint["afterTree"]
        refs = run.world.git("for-each-ref", "--format=%(tree)", f"refs/agency/steps/{run.id}/{index:04d}")
        assert refs == before, f"the ref of step {index} keeps {refs}"


def check_files(run: JobRun, ids: Sequence[str]) -> None:
    """The files of the worktree are, to the byte, those that the job was to make. What a failed attempt left is there unless the
    worktree was rebuilt."""
    rebuilt = any(event["event"] == "hard_reset_finished" for event in run.events)
    files = {
        str(path.relative_to(run.worktree)): path.read_bytes()
        for path in sorted(run.worktree.rglob("*"))
        if path.is_file() and path.relative_to(run.worktree).parts[0] not in (".git", ".agency")
    }
    files.pop("agency.yaml"), files.pop("README.md")
    wanted = {"src.txt": b"as committed\n"}
    for one in ids:
        wanted |= _FILES.get(one, {f"{one}.txt": f"{one}\n".encode()})
    if not rebuilt and "half.txt" in files:
        wanted["half.txt"] = b"half\n"
    assert files == wanted, f"the files are {files}"
    assert run.world.git("branch", "--show-current", cwd=run.worktree) == run.branch, "another branch"
    assert run.world.git("fsck", "--no-dangling", "--connectivity-only") == "", "git misses objects"


def check_nothing_left(run: JobRun) -> None:
    """No process, no lock, nothing half-written, no worktree or entry of git but the run's own."""
    world = run.world
    wait_for(lambda: not world.processes(), "the processes of the run to end")
    assert lock_files(world) == [] and debris(world) == [], f"left over: {lock_files(world)} {debris(world)}"
    places = [path.name for path in run.worktree.parent.iterdir()]
    assert places == [run.id], f"worktrees: {places}"
    led_to = [(path / "gitdir").read_text().strip() for path in entries(world)]
    assert led_to == [f"{run.worktree}/.git"], f"entries of worktrees lead to {led_to}"
    parts = {path.name for path in run.directory.iterdir()}
    assert parts <= _PARTS, f"left over: {parts - _PARTS}"
    trash = [path.name for path in run.directory.parents[1].glob("trash/*")]  # what agency gc finds, of a moment
    assert all(name.startswith("agency-index-") for name in trash), f"left over: {trash}"


def _records(run: JobRun, index: int) -> list[Path]:
    return sorted((run.directory / "state/self_heal").glob(f"attempt-{index:04d}-*.json"))
