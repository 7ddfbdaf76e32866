"""Jobs for the demo agent: what it does at each attempt of each step, and what became of it as the files of the run tell."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from internal_tests.support.demo import WHOLE, config
from internal_tests.support.endings import lives
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import Result, SeenRun, World

SHORT = 1.0
"""Seconds of an idle timeout that is to run out: short, and still enough for a demo agent to start on a busy machine."""
COMMON_KEYS = {
    "stepId",
    "stepIndex",
    "attempt",
    "failureClass",
    "failureSignature",
    "failureSignatureHash",
    "diffHash",
    "strategy",
}
"""What every event of an attempt tells."""

Entry = dict[str, Any]
"""What the demo agent does at one attempt: an object of its plan."""


def deeds(*taken: Sequence[Any], say: str = "did it") -> Entry:
    """An attempt that takes these deeds and then says something."""
    return {"do": [list(deed) for deed in taken], "say": say}


def writes(path: str, text: str = "made\n") -> Entry:
    """An attempt that writes one file."""
    return deeds(["write", path, text])


HANGS = deeds(["say", "I look at it"], ["hang"])
FAILS = deeds(["fail", "{now} [{pid}] /tmp/{random}/x: the field has no width, after {seconds}s"])
"""The same failure every time, but for what is volatile."""


def step(step_id: str, **more: Any) -> dict[str, Any]:
    """A step of a job file."""
    return {"id": step_id, "instructions": f"Do {step_id}.", **more}


def impatient(step_id: str, **more: Any) -> dict[str, Any]:
    """A step whose attempts may only be silent for a short time."""
    return step(step_id, idle_timeout=f"{SHORT:g}s", **more)


def use_plan(world: World, plan: Mapping[str, Sequence[Entry]], **runner: Any) -> Path:
    """Make the demo agent, with this plan, the default runner of the repo. ``runner`` changes how it is described."""
    path = world.root / "plan.json"
    whole = path.with_suffix(".tmp")  # an agent of another run may be reading the plan
    whole.write_text(json.dumps(plan))
    whole.replace(path)
    words = ["--headless", "--plan", str(path)]
    described = {
        "headless": [*words, "--thread", "{thread_id}"],
        "headless_resume": [*words, "--resume", "{thread_id}", "{prompt}"],
        **runner,
    }
    text = config(WHOLE, **described)
    if (world.repo / "agency.yaml").read_text() != text:
        world.commit({"agency.yaml": text})
    return path


def write_job(
    world: World,
    steps: Sequence[str | dict[str, Any]],
    *,
    budgets: Mapping[str, Any] | None = None,
    **more: Any,
) -> str:
    """Write a job file of these steps, of which a bare word is the id; its path. No timer runs out unless said
    otherwise."""
    described = {
        "objective": "Build the form",
        "steps": [step(one) if isinstance(one, str) else one for one in steps],
        "budgets": {"timeout": "60s", "idle_timeout": "30s", **(budgets or {})},
        **more,
    }
    path = world.root / "job.json"
    path.write_text(json.dumps(described))
    return str(path)


def begin(world: World, plan: Mapping[str, Sequence[Entry]], *words: str, name: str = "job", **job: Any) -> "JobRun":
    """Start a detached headless run whose steps are those of the plan, unless ``steps`` says otherwise."""
    use_plan(world, plan)
    file = write_job(world, job.pop("steps", None) or list(plan), **job)
    result = world.ok("run", "--name", name, "--headless", "--job", file, "--detached", *words)
    return JobRun(world, world.find(result.pairs["run_id"]).directory)


class JobRun(SeenRun):
    """A headless run as its files show it."""

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its events, oldest first, without a line that somebody died over."""
        found = []
        for line in (self.directory / "events.jsonl").read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def told(self, name: str, **data: Any) -> list[dict[str, Any]]:
        """The data of its events of that name (``task.`` left out), oldest first, which agree with ``data``."""
        found = [event["data"] for event in self.events if event["event"] == f"task.{name}"]
        return [one for one in found if all(one.get(key) == value for key, value in data.items())]

    def wait_told(self, name: str, *, timeout: float = 20.0, **data: Any) -> dict[str, Any]:
        """The data of the first such event, as soon as it is there."""
        try:
            return wait_for(lambda: self.told(name, **data), f"task.{name} {data}", timeout)[0]
        except AssertionError as error:
            raise AssertionError(f"{error}; told is {self.story()}, and on the screen:\n{self.screen()}") from None

    def ended(self, outcome: str = "done", *, job_attempt: int | None = None, timeout: float = 40.0) -> "JobRun":
        """The same, once the job has ended; it must have ended like that."""
        more = {} if job_attempt is None else {"jobAttempt": job_attempt}
        told = self.wait_told("finished", timeout=timeout, **more)
        assert told["outcome"] == outcome, (told, self.story())
        return self

    def story(self, *, step: int | None = None) -> list[str]:
        """Its ``task.*`` events in short: the name without ``task.``, and the attempt where one is told of. With ``step`` only
        those of that step."""
        lines = []
        for event in self.events:
            name, data = event["event"], event["data"]
            if name.startswith("task.") and (step is None or data.get("stepIndex") == step):
                of_attempt = name.startswith(("task.step.attempt.", "task.self_heal."))
                lines.append(name.removeprefix("task.") + (f"({data['attempt']})" if of_attempt else ""))
        return lines

    def attempt(self, index: int, number: int) -> dict[str, Any]:
        """The record of an attempt; steps count from 0."""
        path = self.directory / f"state/self_heal/attempt-{index:04d}-{number:04d}.json"
        data = json.loads(path.read_text())
        assert isinstance(data, dict)
        return data

    def outcomes(self, index: int = 0) -> list[str]:
        """How the attempts of a step ended, as their records tell."""
        paths = sorted((self.directory / "state/self_heal").glob(f"attempt-{index:04d}-*.json"))
        return [json.loads(path.read_text())["outcome"] for path in paths]

    @property
    def state(self) -> dict[str, Any]:
        """How far the job is."""
        data = json.loads((self.directory / "state/job.json").read_text())
        assert isinstance(data, dict)
        return data

    def ask(self, action: str, *words: str) -> Result:
        """An operator's command on it, which must be accepted."""
        return self.world.ok(action, self.name, *words)

    def worker(self) -> psutil.Process:
        """The process of its worker."""

        def seen() -> list[psutil.Process]:
            return [
                one for one in self.world.processes() if {"agency.worker", str(self.directory)} <= set(one.cmdline())
            ]

        return wait_for(seen, "the worker to be there")[0]

    def agents(self) -> list[psutil.Process]:
        """The demo agents at work in it."""
        return [one for one in self.world.processes() if any("demo-agent" in word for word in one.cmdline())]

    def kill_worker(self) -> None:
        """End the worker alone with SIGKILL, and wait until it is gone."""
        worker = self.worker()
        worker.kill()
        wait_for(lambda: not lives(worker.pid), "the worker to be gone")

    def thread(self) -> str:
        """The conversation that its runner is in."""
        (path,) = (self.world.home / ".demo-agent/threads").iterdir()
        return path.stem
