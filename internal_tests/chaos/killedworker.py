"""A headless run whose worker dies at any of its steps, again and again from the same state, and the jobs that it dies in."""

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import Any

from internal_tests.chaos.killing import Step, read_step, run_until
from internal_tests.chaos.staging import Stage
from internal_tests.chaos.warmworker import WarmWorker
from internal_tests.support.jobs import JobRun
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

EVERY_STEP = "AGENCY_CHAOS_EVERY_STEP" in os.environ
_OF_NO_ACCOUNT = ("/shown", "/trace", "/tmp/", "agency-index", "worker.lock", "__pycache__", "/logs/")
"""Parts of paths that a successor never looks at."""

RUNNER = """#!/bin/sh
printf '{"type":"thread","thread_id":"%s"}\\n' "$1"
case $AGENCY_STEP_ID.$AGENCY_ATTEMPT in
  one.1) exec sleep 1000 ;;
  one.*) printf 'made\\n' > one.txt; printf '\\000\\001' > one.bin; mkdir -p deep; printf 'x' > deep/note ;;
  two.*) if [ -d "$AGENCY_DATA_DIR"/repos/*/runs/*/evidence ]; then printf 'made\\nmore\\n' > one.txt; printf 'two\\n' > two.txt
         else printf 'half\\n' > half.txt; echo 'the field has no width' >&2; exit 1; fi ;;
  three.1) exec sleep 1000 ;;
  four.1) printf 'half\\n' > half.txt; exit 1 ;;
  five.*) [ -e "$AGENCY_TEST_ROOT/asks" ] && . "$AGENCY_TEST_ROOT/asks" ;;
esac
case $AGENCY_STEP_ID in one | two) ;; *) printf '%s\\n' "$AGENCY_STEP_ID" > "$AGENCY_STEP_ID.txt" ;; esac
printf '{"type":"end","ok":true,"text":"done"}\\n'
"""
"""What the agent does at each attempt of each step: ``two`` succeeds once the worktree was rebuilt, so that it is however many
attempts are lost. At the first one of ``one`` the run is prepared."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """``ids`` are the steps of the job. ``after``: the event of the last of them at which the worker before was killed, None for
    the first attempt of all. ``ended``: instead, the exit code of the worker before, whose job had ended. ``asked``: what an
    operator then typed, killed as soon as it was written down; with ``at_work`` it comes while an attempt at ``five`` runs."""

    ids: tuple[str, ...]
    after: str | None = None
    ended: int | None = None
    asked: tuple[str, ...] = ()
    at_work: bool = False
    max_attempts: int = 3


class KilledWorker:
    """A run in a world of its own, put back to how it was before each worker that is killed. ``known`` is where the worker before
    took steps before the scenario begins: those of an attempt, which is a scenario of its own."""

    def __init__(self, world: World, worker: WarmWorker, scenario: Scenario) -> None:
        self.world, self.scenario = world, scenario
        self._worker = worker
        self.known: frozenset[Where] = frozenset()
        self.run = self._prepared()
        self.checkout = look_at_checkout(world)
        self.stage = Stage(world)
        if scenario.after is not None:
            self._begin_after(scenario.after)
        if scenario.ended is not None:
            code, _, shown = self.work()
            assert code == scenario.ended, shown
            self._restage()
        if scenario.asked:
            self._ask()

    def work(self, at: int = 0, *, after: float = 0.0) -> tuple[int, list[Step], str]:
        """Be the worker, killed at a step (0: not), or after so many seconds; how it ended, the steps that it came to, and what
        it showed."""
        env = {**self.world.env, "AGENCY_RUN_ID": self.run.id}
        ended = self._worker.work(self.run.directory, env=env, at=at, after=after)
        return ended.code, [read_step(self.world, *row) for row in enumerate(ended.steps, 1)], ended.shown

    def step_of_event(self, steps: list[Step], name: str, **data: Any) -> int:
        """The number of the step at which the last worker, which came to ``steps``, appended the first such event."""
        appended = [one.number for one in steps if one.kind == "torn" and one.what.endswith("events.jsonl")]
        told = [(one["event"], one["data"]) for one in self.run.events][-len(appended) :]
        return next(
            number
            for number, (event, of_it) in zip(appended, told, strict=True)
            if event == name and data.items() <= of_it.items()
        )

    def _prepared(self) -> JobRun:
        world, scenario = self.world, self.scenario
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
            for one in scenario.ids
        ]
        budgets = {"idle_timeout": "30s", "max_attempts": scenario.max_attempts}
        job = world.root / "job.json"
        job.write_text(json.dumps({"objective": "x", "steps": steps, "budgets": budgets}))
        run = JobRun(world, world.run("job", "--headless", "--job", str(job)).directory)
        wait_for(lambda: run.told("step.attempt.started"), "the first attempt")
        world.ok("kill", "job")
        return run

    def _begin_after(self, event: str) -> None:
        """Have a worker killed right after the first such event of the last step. What a runner prints may come in more or fewer
        pieces than the time before, and be that many steps."""
        _, steps, _ = self.work()
        number = self.step_of_event(steps, event, stepId=self.scenario.ids[-1])
        for at in (number + 1, number, number + 2, number - 1, number + 3):
            self.stage.put_back()
            self.work(at=at)
            if self.run.events[-1]["event"] == event:
                break
        assert self.run.events[-1]["event"] == event, self.run.story()
        self.known = frozenset(where(step) for step in steps[:number])
        self._restage()

    def _ask(self) -> None:
        """Have the command of an operator killed once it is written down, before it starts a worker."""
        words = self.scenario.asked
        steps = run_until(self.world, words).steps
        self.stage.put_back()
        run_until(self.world, words, at=next(one.number for one in steps if "tmux" in one.what.split()[0]))
        assert self.run.told("control.recovery.requested") and not self.run.told("control.recovery.ack")
        if self.scenario.at_work:
            control = self.run.directory / "control.jsonl"
            kept = control.rename(self.world.root / "asked.jsonl")
            asks = f"[ -s {control} ] || {{ echo half > half.txt; cat {kept} >> {control}; exec sleep 1000; }}"
            (self.world.root / "asks").write_text(asks)
        self._restage()

    def _restage(self) -> None:
        """Begin from here from now on."""
        shutil.rmtree(self.world.root / "kept")
        self.stage = Stage(self.world)


def look_at_checkout(world: World) -> tuple[str, ...]:
    """What is the user's own in the repo: HEAD, branch, stash, index, files."""
    return (
        world.git("status", "--porcelain", "--branch"),
        world.git("log", "--walk-reflogs", "--format=%H %gs"),
        world.git("for-each-ref", "refs/stash", "refs/heads/main"),
        world.git("ls-files", "--stage"),
    )


Where = tuple[str, str]
"""The kind of a step and the lines of agency that take it."""


def where(step: Step) -> Where:
    """What makes a step the same as another but for when it comes."""
    return step.kind, step.place


def kills(steps: list[Step], known: frozenset[Where] = frozenset()) -> list[int]:
    """The numbers of the steps to be killed at: of those that the same lines of agency take the first, the last and each fifth,
    none that is ``known``; with AGENCY_CHAOS_EVERY_STEP all that may matter to whoever comes after. What stands half-written in a
    temporary file is one case, whether all of it is there or not."""
    seen: Counter[Where] = Counter()
    last = {where(step): step.number for step in steps}
    chosen = []
    for step in steps:
        same = where(step)
        if any(part in step.what for part in _OF_NO_ACCOUNT) and step.kind not in ("subprocess.Popen", "spawned"):
            continue
        seen[same] += 1
        whole = step.kind == "os.rename" and ".tmp " in step.what
        some = seen[same] == 1 or seen[same] % 5 == 0 or last[same] == step.number
        if EVERY_STEP or (some and not whole and same not in known):
            chosen.append(step.number)
    return chosen
