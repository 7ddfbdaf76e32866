"""The worker of a headless run is killed at the durable steps of an attempt, a soft reset, a checkpoint and a hard reset; the
next one goes on, does nothing twice, and leaves nothing over.

Each scenario begins from what a worker left that was killed before, so that every kill is followed by two recoveries. Of steps
that are the same but for when they come, the first, the last and each fifth is one to be killed at; with AGENCY_CHAOS_EVERY_STEP
all are.
"""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from internal_tests.chaos.killing import Step
from internal_tests.chaos.staging import Stage
from internal_tests.chaos.warmworker import WarmWorker
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

EVERY_STEP = "AGENCY_CHAOS_EVERY_STEP" in os.environ
_SHARDS = 2
_AFTER_RESET = 15
"""Steps after the last that tells how far a hard reset is, in which the worker takes note that it is over."""
_FINAL = {"success", "retrying", "queue_retry", "failed", "needs_attention", "cancelled", "lost"}
_OF_NO_ACCOUNT = ("/shown", "/trace", "/tmp/", "agency-index", "worker.lock", "__pycache__")
"""Parts of paths that a successor never looks at."""

RUNNER = """#!/bin/sh
printf '{"type":"thread","thread_id":"%s"}\\n' "$1"
case $AGENCY_STEP_ID.$AGENCY_ATTEMPT in
  one.1) exec sleep 1000 ;;
  one.*) printf 'made\\n' > one.txt; printf '\\000\\001' > one.bin; mkdir -p deep; printf 'x' > deep/note ;;
  two.*) if [ -d "$AGENCY_DATA_DIR"/repos/*/runs/*/evidence ]; then printf 'made\\nmore\\n' > one.txt; printf 'two\\n' > two.txt
         else printf 'half\\n' > half.txt; echo 'the field has no width' >&2; exit 1; fi ;;
  three.1) exec sleep 1000 ;;
  *) printf 'three\\n' > three.txt ;;
esac
printf '{"type":"end","ok":true,"text":"done"}\\n'
"""
SCENARIOS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "attempt": (("one",), None),
    "hard-reset": (("one", "two"), "task.step.attempt.started"),
    "soft-reset": (("one", "three"), "task.step.started"),
}
"""Scenario -> the steps of its job, and the event of the last of them after which the worker before was killed: None for the
first attempt of all."""


@pytest.fixture(scope="module")
def worker() -> Iterator[WarmWorker]:
    """One process for all tests of this file."""
    warm = WarmWorker()
    yield warm
    warm.close()


class Killed:
    """A headless run whose worker can be had die at any of its steps, again and again from the same state."""

    def __init__(self, world: World, worker: WarmWorker, scenario: str) -> None:
        self.world = world
        self.worker = worker
        self.ids, event = SCENARIOS[scenario]
        agent = world.root / "agent"
        agent.write_text(RUNNER)
        agent.chmod(0o755)
        world.commit(
            {
                "agency.yaml": "version: 1\ndefaults: {runner: mine}\nsession: {startup_grace: 0ms}\nrunners:\n"
                f"  mine: {{command: [{agent}], start: ['{{thread_id}}'], headless: ['{{thread_id}}'], "
                "headless_resume: ['{thread_id}', again]}\n",
                "src.txt": "as committed\n",
            }
        )
        steps = [
            {"id": one, "instructions": one, **({"idle_timeout": "150ms"} if one == "three" else {})}
            for one in self.ids
        ]
        job = world.root / "job.json"
        job.write_text(json.dumps({"objective": "x", "steps": steps, "budgets": {"idle_timeout": "30s"}}))
        self.run = world.run("job", "--headless", "--job", str(job))
        wait_for(lambda: "task.step.attempt.started" in self.run.event_names(), "the first attempt")
        world.ok("kill", "job")
        self.checkout = self._look_at_checkout()
        self.stage = Stage(world)
        if event is not None:
            self._begin_after(event)

    def work(self, at: int = 0) -> tuple[int, list[Step], str]:
        """Be the worker, killed at a step (0: not); how it ended, the steps it came to, what it showed."""
        ended = self.worker.work(self.run.directory, env={**self.world.env, "AGENCY_RUN_ID": self.run.id}, at=at)
        return ended.code, [_step(self.world, *row) for row in enumerate(ended.steps, 1)], ended.shown

    def _begin_after(self, event: str) -> None:
        """Have a worker killed right after the first such event of the last step, and begin from there from now on."""
        _, steps, shown = self.work()
        appended = [one.number for one in steps if one.kind == "torn" and one.what.endswith("events.jsonl")]
        seen = [(one["event"], one["data"].get("stepId")) for one in self.events()]
        which = seen.index((event, self.ids[-1]))
        at = appended[which - (len(seen) - len(appended))] + 1
        for _ in range(
            20
        ):  # some steps, as signals to what is slow to end, come more often at one time than at another
            self.stage.put_back()
            self.work(at=at)
            told = [(one["event"], one["data"].get("stepId")) for one in self.events()]
            if told[-1] == (event, self.ids[-1]):
                break
            at += -1 if (event, self.ids[-1]) in told else 1
        assert self.events()[-1]["event"] == event, shown
        shutil.rmtree(self.world.root / "kept")
        self.stage = Stage(self.world)

    def events(self) -> list[dict[str, Any]]:
        """The events, without a line that somebody died over."""
        found = []
        for line in (self.run.directory / "events.jsonl").read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def was_reset(self) -> bool:
        """Whether the worktree was rebuilt."""
        return any(one["event"] == "hard_reset_finished" for one in self.events())

    def check(self) -> None:
        """What must hold of a job that is done, however often its worker was killed on the way."""
        told = self.events()
        assert [one["seq"] for one in told] == sorted({one["seq"] for one in told}), "the numbers of events do not rise"
        state = json.loads((self.run.directory / "state" / "job.json").read_text())
        assert (state["outcome"], state["step_index"], state["running"], state["reset"]) == (
            "done",
            len(self.ids),
            None,
            None,
        )
        assert state["resets_used"] <= 1
        finished = [one["data"] for one in told if one["event"] == "task.finished"]
        assert [data["outcome"] for data in finished] == ["done"]
        accepted = [one["data"]["stepId"] for one in told if one["event"] == "task.step.finished"]
        assert accepted == list(self.ids), f"accepted: {accepted}"
        self._check_attempts(told)
        self.check_files()
        assert self._look_at_checkout() == self.checkout, "the user's checkout was touched"
        self._check_nothing_left()

    def _check_attempts(self, told: list[dict[str, Any]]) -> None:
        ended = Counter(
            (one["data"]["stepIndex"], one["data"]["attempt"])
            for one in told
            if one["event"] in ("task.step.attempt.finished", "task.step.attempt.failed")
        )
        begun = [
            (one["data"]["stepIndex"], one["data"]["attempt"])
            for one in told
            if one["event"] == "task.step.attempt.started"
        ]
        assert len(set(begun)) == len(begun), f"an attempt began twice: {begun}"
        assert all(ended[one] == 1 for one in begun), f"begun {begun}, ended {ended}"
        records = [json.loads(path.read_text()) for path in sorted(self._state("self_heal").glob("attempt-*.json"))]
        for index in range(len(self.ids)):
            of_step = [record for record in records if record["stepIndex"] == index]
            assert [record["attempt"] for record in of_step] == list(range(1, len(of_step) + 1))
            assert [record["outcome"] for record in of_step].count("success") == 1
            assert of_step[-1]["outcome"] == "success"
            assert {record["outcome"] for record in of_step} <= _FINAL
            failed = sum(record["outcome"] == "retrying" for record in of_step)
            state = json.loads((self.run.directory / "state" / "job.json").read_text())
            assert state["steps"][index]["consumed"] == failed, "a lost attempt counts, or a failed one does not"
            checkpoint = json.loads((self._state("steps") / f"step-{index:04d}.json").read_text())
            assert (checkpoint["status"], checkpoint["attempt"]) == ("valid", of_step[-1]["attempt"])

    def check_files(self) -> None:
        """The files of the worktree are those that the job was to make."""
        worktree = self.run.worktree
        files = {
            str(path.relative_to(worktree)): path.read_bytes()
            for path in sorted(worktree.rglob("*"))
            if path.is_file() and path.relative_to(worktree).parts[0] not in (".git", ".agency")
        }
        rebuilt = any(one["event"] == "task.resume.from_step" for one in self.events())
        half = {} if rebuilt else {"half.txt": b"half\n"}
        files.pop("agency.yaml"), files.pop("README.md")
        wanted = {"one.txt": b"made\n", "one.bin": b"\0\1", "deep/note": b"x", "src.txt": b"as committed\n"}
        if "two" in self.ids:
            wanted |= {"one.txt": b"made\nmore\n", "two.txt": b"two\n"}
        if "three" in self.ids:
            wanted["three.txt"] = b"three\n"
        assert files in (wanted | half, wanted), f"the files are {sorted(files)}"
        assert self.world.git("branch", "--show-current", cwd=worktree) == self.run.branch
        assert self.world.git("fsck", "--no-dangling", "--connectivity-only") == ""

    def _check_nothing_left(self) -> None:
        world, directory = self.world, self.run.directory
        wait_for(lambda: not world.processes(), "the processes of the run to end")
        kept = [path for path in world.data.rglob("*") if path.name.endswith((".tmp", ".lock")) and path.is_file()]
        kept = [path for path in kept if path.name not in (".lock", "worker.lock")]
        assert kept == [], f"left over: {kept}"
        assert not list((world.repo / ".git").rglob("*.lock"))
        assert [path.name for path in self.run.worktree.parent.iterdir()] == [self.run.id]
        assert len(world.git("worktree", "list").splitlines()) == 2
        parts = {path.name for path in directory.iterdir()}
        assert parts <= {
            *("events.jsonl", "job.json", "launches", "logs", "meta.json", "patches", "session.json", "state"),
            *("thread.json", "worker.lock", "evidence", "usage.json"),
        }, f"left over: {parts}"
        trash = [
            path.name for path in directory.parents[1].glob("trash/*")
        ]  # an index of a moment is what agency gc finds
        assert all(name.startswith("agency-index-") for name in trash), f"left over: {trash}"

    def _look_at_checkout(self) -> tuple[str, ...]:
        git = self.world.git
        return (
            git("status", "--porcelain"),
            git("rev-parse", "HEAD", "main"),
            git("stash", "list"),
            git("ls-files", "-s"),
        )

    def _state(self, part: str) -> Path:
        return self.run.directory / "state" / part


@pytest.mark.case(36, "DOC-REQ-005", "DOC-REQ-007", "DOC-REQ-008")
@pytest.mark.parametrize("shard", range(_SHARDS))
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_a_worker_that_is_killed_at_any_step_is_followed_by_one_that_goes_on(
    world: World, worker: WarmWorker, scenario: str, shard: int
) -> None:
    killed = Killed(world, worker, scenario)
    code, steps, shown = killed.work()
    assert code == 0, shown
    killed.check()
    assert killed.was_reset() == (scenario == "hard-reset"), shown
    failures = []
    for at in kills(steps)[shard::_SHARDS]:
        killed.stage.put_back()
        code, came_to, _ = killed.work(at=at)
        if code == 0:  # fewer steps than the first time
            continue
        assert code == -9, came_to[-1]
        code, _, shown = killed.work()
        try:
            assert code == 0, shown
            killed.check()
        except (AssertionError, OSError) as error:
            failures.append(f"killed at {came_to[-1]}:\n    {error}")
    killed.stage.put_back()
    assert not failures, f"{len(failures)} kills:\n" + "\n".join(failures)


def kills(steps: list[Step]) -> list[int]:
    """The numbers of the steps to be killed at. Where there is a hard reset, of all others only each fifth: they are those of the
    scenarios without one."""
    seen: Counter[tuple[str, str]] = Counter()
    last = {(step.kind, step.what): step.number for step in steps}
    chosen = []
    for step in steps:
        same = (step.kind, step.what)
        seen[same] += 1
        counts = not any(part in step.what for part in _OF_NO_ACCOUNT)
        if counts and (EVERY_STEP or seen[same] == 1 or seen[same] % 5 == 0 or last[same] == step.number):
            chosen.append(step.number)
    reset = [step.number for step in steps if "reset-0001" in step.what]
    if not reset or EVERY_STEP:
        return chosen
    inside = range(reset[0], reset[-1] + _AFTER_RESET)
    return [number for place, number in enumerate(chosen) if number in inside or place % 5 == 0]


def _step(world: World, number: int, line: str) -> Step:
    kind, _, what = line.partition(" ")
    what = what.replace(str(world.root), "~")
    what = re.sub(r"\.\d+\.tmp\b", ".PID.tmp", what)
    what = re.sub(r"\d{14}-[0-9a-f]{4}", "RUN", what)
    what = re.sub(r"\b[0-9a-f]{40}\b", "TREE", what)
    what = re.sub(r"/tmp/\S+", "/tmp/", what)
    what = re.sub(r"^\d+ (\d+)$", r"PID \1", what)
    return Step(number, kind, what)


def test_kills_at_random_moments_end_in_the_same_work(world: World, worker: WarmWorker) -> None:
    killed = Killed(world, worker, "hard-reset")
    env = {**world.env, "AGENCY_RUN_ID": killed.run.id}
    for _ in range(3):
        killed.stage.put_back()
        for number in range(20):
            worker.work(killed.run.directory, env=env, after=0.02 + 0.037 * number)
        code, _, shown = killed.work()
        assert code == 0, shown
        killed.check()
