"""Plans in a world: their files, conductors that are started and killed, and what became of them as files and git show it."""

import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from internal_tests.support.demo import WHOLE, config
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, Result, SeenRun, World

Entry = dict[str, Any]
"""What the demo agent does at one attempt: an object of its plan."""

DOCTOR = 'test "$ORCH_CANARY" != 1 && test ! -e broken'
"""Healthy unless there is a file called broken; fails with the canary."""


def task(task_id: str, *, writes: str | None = None, after: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """A manifest: the task writes one resource (``writes``, none without it) and waits for others (``after``)."""
    manifest = {
        "id": task_id,
        "name": f"task-{task_id.lower()}",
        "description": f"Task {task_id}",
        "locks": {"reads": [], "writes": [writes] if writes else []},
        "files": {"reads": [], "writes": [f"{writes}/**"] if writes else []},
        "verify": {"doctor": "true"},
        **more,
    }
    return {**manifest, "dependencies": list(after)} if after else manifest


def writes(path: str, text: str = "made\n", **more: Any) -> Entry:
    """An attempt that writes one file."""
    return {"do": [["write", path, text]], "say": "did it", **more}


class PlanInWorld:
    """The plan ``work`` of the repo of a world, and what was begun of it last."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.agent_plan = world.root / "agent.json"
        self.conductors: list[subprocess.Popen[bytes]] = []

    @property
    def directory(self) -> Path:
        """Where its record stands."""
        return sorted(self.world.data.glob("repos/*/plans/[0-9]*"))[-1]

    @property
    def plan_id(self) -> str:
        """The id of what was begun."""
        return self.directory.name

    @property
    def state(self) -> dict[str, Any]:
        """Its ``state.json``."""
        state = json.loads((self.directory / "state.json").read_text())
        assert isinstance(state, dict)
        return state

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each task."""
        return {task_id: one["status"] for task_id, one in self.state["tasks"].items()}

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its events, oldest first."""
        try:
            lines = (self.directory / "events.jsonl").read_text().splitlines()
        except (FileNotFoundError, IndexError):
            return []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def told(self, name: str, task_id: str | None = None) -> list[dict[str, Any]]:
        """The data of the events of that name, about that task where one is named."""
        return [
            event["data"] for event in self.events if event["event"] == name and task_id in (None, event.get("task_id"))
        ]

    def run_of(self, task_id: str, number: int = -1) -> SeenRun:
        """The run of a dispatch of a task, the last one without a number (from 0)."""
        return self.world.find(self.state["tasks"][task_id]["dispatches"][number]["run_id"])

    def at_work(self, task_id: str) -> SeenRun:
        """The run of a task, as soon as its agent is at work."""
        wait_for(
            lambda: self.events and self.state["tasks"][task_id]["phase"] == "working",
            f"the run of {task_id} to be known: {self.saying()}",
            60.0,
        )
        run = self.run_of(task_id)
        wait_for(lambda: "task.step.attempt.started" in run.event_names(), f"an attempt at {task_id}", 60.0)
        return run

    def begin(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a conductor in the background, which is ended with the world."""
        return self._conductor("run", *words)

    def resume(self, *words: str, under: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """Start another one that goes on, ``under`` a program that runs it."""
        return self._conductor("resume", *words, under=under)

    def _conductor(self, *words: str, under: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        path = self.world.root / f"conductor-{len(self.conductors)}.log"
        log = self.world.closing.enter_context(path.open("wb"))
        process = subprocess.Popen(
            [*under, AGENCY, "plan", *words],
            cwd=self.world.repo,
            env=self.world.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        self.conductors.append(process)
        self.world.closing.callback(_end, process)
        return process

    def wait_for(
        self, name: str, task_id: str | None = None, *, count: int = 1, timeout: float = 60.0
    ) -> dict[str, Any]:
        """The data of the event of that name, as soon as it was told so often."""
        wait_for(
            lambda: len(self.told(name, task_id)) >= count,
            f"{name} of {task_id or 'the plan'}: {self.saying()}",
            timeout,
        )
        return self.told(name, task_id)[count - 1]

    def saying(self) -> str:
        """What the last conductor printed."""
        logs = sorted(self.world.root.glob("conductor-*.log"))
        return logs[-1].read_text(errors="replace") if logs else ""

    def carry_out(self, *words: str, code: int = 0) -> Result:
        """Carry the plan out from beginning to end, insisting on the exit code."""
        result = self.world.agency("plan", "run", *words)
        assert result.code == code, f"{result.code}\n{result.out}{result.err}\n{self.state}"
        return result

    def go_on(self, *words: str, code: int = 0) -> Result:
        """Go on with it until it ends, insisting on the exit code."""
        result = self.world.agency("plan", "resume", *words)
        assert result.code == code, f"{result.code}\n{result.out}{result.err}\n{self.state}"
        return result

    def main(self) -> str:
        """The commit of main."""
        return self.world.git("rev-parse", "main")

    def trailers(self, branch: str = "main") -> list[str]:
        """The tasks that the commits of a branch name, newest first."""
        shown = self.world.git("log", "--format=%(trailers:key=Task,valueonly,separator=%x2C)", branch)
        return [line for line in shown.splitlines() if line]

    def leftovers(self) -> dict[str, list[str]]:
        """What a plan that is complete must not leave: sessions, worktrees, branches, runs."""
        world = self.world
        found = {
            "sessions": world.sessions(),
            "worktrees": world.git("worktree", "list").splitlines()[1:],
            "branches": world.git("branch", "--list", "agency/*").splitlines(),
            "runs": [row["name"] for row in world.ok("ls", "--json").data],
            "trees": [str(path) for path in world.data.glob("repos/*/worktrees/*")],
        }
        return {kind: names for kind, names in found.items() if names}


def plan_settings(resources: Sequence[str] = ("docs", "code"), **settings: Any) -> str:
    """A plan.yaml of these resources, each the directory of its name, and these settings."""
    return json.dumps(
        {
            "version": 1,
            "resources": [{"name": name, "paths": [f"{name}/**"]} for name in resources],
            "doctor": DOCTOR,
            "retry_delay": "100ms",
            **settings,
        }
    )


def make_plan(
    world: World,
    tasks: Sequence[Mapping[str, Any]],
    agent: Mapping[str, Sequence[Entry]] | None = None,
    *,
    specs: Mapping[str, str] | None = None,
    resources: Sequence[str] = ("docs", "code"),
    stages: Mapping[str, str] | None = None,
    **settings: Any,
) -> PlanInWorld:
    """Write and commit a plan called ``work``: its tasks, its settings, and what the demo agent does, by TASK/STEP/RUN as in
    examples/demo-agent. ``stages``: in which stage a task stands; flat without."""
    plan = PlanInWorld(world)
    plan.agent_plan.write_text(json.dumps(agent or {"*": [writes("docs/{task}.txt")]}))
    words = ["--headless", "--plan", str(plan.agent_plan)]
    files = {
        "agency.yaml": config(
            WHOLE,
            headless=[*words, "--thread", "{thread_id}"],
            headless_resume=[*words, "--resume", "{thread_id}", "{prompt}"],
        ),
        "plan.yaml": plan_settings(resources, **settings),
    }
    for manifest in tasks:
        stage = f"{stages[manifest['id']]}/" if stages and manifest["id"] in stages else ""
        place = f".agency/plans/work/tasks/{stage}{manifest['id']}-{manifest['name']}"
        files[f"{place}/manifest.json"] = json.dumps(manifest)
        files[f"{place}/spec.md"] = (specs or {}).get(manifest["id"], f"Do {manifest['id']}.\n")
    world.commit(files, "a plan")
    return plan


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
