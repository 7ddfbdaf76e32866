"""The demo agent of the examples: its script, its headless lines as the configured adapter reads them, its misbehaviours."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from agency.config.load import load_settings
from agency.domain.output import Message, Output, Problem, ThreadTold, ToolUse, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.adapter import Scene
from agency.runners.resolve import resolve_runner
from internal_tests.support import demo
from internal_tests.support.endings import wait_until_dead
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World


class Headless:
    """The demo agent without a terminal, started as its configured adapter says."""

    def __init__(self, world: World, runner: dict[str, Any] = demo.WHOLE) -> None:
        (world.repo / "agency.yaml").write_text(demo.config(runner))
        settings = load_settings(str(world.repo), str(world.config))
        self.world = world
        self.runner = resolve_runner(settings, "demo", world.env, directory=str(world.repo))
        self.scene = Scene(worktree=str(world.repo), directory=str(world.root), environ=world.env)

    def answers(self, prompt: str, thread_id: str | None = None, *more: str) -> tuple[int, list[Output]]:
        """The exit code, and what its lines tell."""
        words = self.runner.adapter.headless(self.scene, (*self.runner.extra, *more), prompt, thread_id)
        assert words is not None
        done = subprocess.run(
            [self.runner.program, *words.words],
            input=words.typed,
            stdin=subprocess.DEVNULL if words.typed is None else None,
            cwd=self.world.repo,
            env=self.world.env,
            capture_output=True,
            text=True,
            timeout=30,
        )
        told = [output for line in done.stdout.splitlines() for output in self.runner.adapter.read_output(line)]
        assert words.thread_id is None or ThreadTold(thread_id=words.thread_id) in told
        return done.returncode, told


def thread_of(told: list[Output]) -> str:
    """The conversation that the lines name."""
    (thread_id,) = [one.thread_id for one in told if isinstance(one, ThreadTold)]
    return thread_id


@pytest.mark.parametrize("runner", [demo.WHOLE, demo.LEARNED], ids=["chosen", "learned"])
def test_headless_lines_are_read_by_the_configured_adapter(world: World, runner: dict[str, Any]) -> None:
    agent = Headless(world, runner)
    code, told = agent.answers("remember the milk")
    assert code == 0
    assert told[1:] == [
        UsageTold(usage=Usage(input=3, output=5), whole_thread=False),
        Message(text="you said: remember the milk"),
        TurnEnded(ok=True, text="you said: remember the milk"),
    ]
    code, again = agent.answers("and now?", thread_of(told))
    assert (code, thread_of(again)) == (0, thread_of(told))
    assert UsageTold(usage=Usage(input=2, cached_input=9, output=4), whole_thread=False) in again


def test_headless_follows_a_script(world: World) -> None:
    script = world.root / "script.json"
    step = {
        "write": {"made.txt": "hello\n"},
        "usage": {"input": 10, "cached_input": 5, "output": 2, "cost": 0.25},
        "problem": "the model is overloaded",
        "say": "made it",
    }
    script.write_text(json.dumps([step]))
    code, told = Headless(world).answers("make it", None, "--script", str(script))
    assert code == 1
    assert told[1:] == [
        ToolUse(tool="write", detail="made.txt"),
        Problem(text="the model is overloaded", goes_on=False),
        UsageTold(usage=Usage(input=10, cached_input=5, output=2), whole_thread=False, cost=0.25),
        Message(text="made it"),
        TurnEnded(ok=False, text="made it"),
    ]
    assert (world.repo / "made.txt").read_text() == "hello\n"


def test_headless_cannot_ask(world: World) -> None:
    script = world.root / "script.json"
    script.write_text(json.dumps([{"ask": "May I?", "write": {"made.txt": "x"}}]))
    code, told = Headless(world).answers("make it", None, "--script", str(script))
    assert (code, told[-1]) == (1, TurnEnded(ok=False, text="then not"))
    assert Problem(text="nobody can be asked: May I?", goes_on=False) in told
    assert not (world.repo / "made.txt").exists()


def test_headless_does_not_go_on_with_a_conversation_that_is_gone(world: World) -> None:
    agent = Headless(world)
    words = agent.runner.adapter.headless(agent.scene, agent.runner.extra, "hi", "nowhere")
    assert words is not None
    done = subprocess.run(
        [agent.runner.program, *words.words], env=world.env, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "no conversation nowhere\n")


def test_its_status_file_tells_every_turn(world: World) -> None:
    script = world.root / "script.json"
    script.write_text(json.dumps([{"ask": "Which port?"}, {"status": ["blocked", "no network"]}]))
    world.commit({"agency.yaml": demo.config(state_patterns=None)})
    run = world.run("telling", "--", "--script", str(script), "--tell-status")
    run.wait_for_screen("demo>")
    run.type("serve")
    wait_for(lambda: run.row()["derived_status"] == "needs input", "it to ask", every=0.2)
    assert run.row()["summary"] == "Which port?"
    run.type("y")
    wait_for(lambda: run.row()["derived_status"] == "ready for review", "it to be done", every=0.2)
    run.type("go on")
    wait_for(lambda: run.row()["derived_status"] == "blocked", "it to be blocked", every=0.2)


def misbehaving(world: World, name: str) -> SeenRun:
    """A run whose agent misbehaves once it was told to."""
    world.commit({"agency.yaml": demo.config()})
    run = world.run(name)
    run.wait_for_screen("demo>")
    run.type(f"misbehave {name}")
    return run


def agent_of(run: SeenRun) -> psutil.Process:
    """The process of the agent, below its shim."""
    return wait_for(lambda: psutil.Process(int(run.pane()["pid"])).children(), "the agent to run")[0]


def test_it_hangs(world: World) -> None:
    run = misbehaving(world, "hang")
    run.type("are you there?")
    agent = agent_of(run)
    before = agent.cpu_times()
    run.wait_for_screen("are you there?")  # the terminal echoes it; nobody answers
    assert "you said" not in run.screen()
    assert agent.is_running() and agent.cpu_times().user - before.user < 1.0
    world.ok("kill", "hang")
    wait_for(lambda: not agent.is_running(), "it to be ended")


def test_it_crashes(world: World) -> None:
    run = misbehaving(world, "crash")
    assert run.wait_for_exit() == 139
    wait_until_dead(run)
    assert run.status() == "exited (139)"


def test_it_spins(world: World) -> None:
    run = misbehaving(world, "spin")
    agent = agent_of(run)
    before = agent.cpu_times().user
    wait_for(lambda: agent.cpu_times().user - before > 0.3, "it to take CPU", every=0.1)
    world.ok("kill", "spin")
    wait_for(lambda: not agent.is_running(), "it to be ended")


def test_it_floods_and_can_still_be_looked_at_and_killed(world: World) -> None:
    run = misbehaving(world, "flood")
    run.wait_for_screen("flood flood flood")
    assert run.row()["runner_alive"]
    world.ok("kill", "flood")
    assert run.status() == "stopped"


def test_its_orphans_end_with_the_run(world: World) -> None:
    run = misbehaving(world, "orphans")
    sleepers = wait_for(
        lambda: found if len(found := [one for one in world.processes() if _is_sleep(one)]) == 4 else [],
        "its four children",
        every=0.1,
    )
    world.ok("kill", "orphans")
    wait_for(lambda: not any(one.is_running() for one in sleepers), "its children to be ended")
    assert run.status() == "stopped"


def test_it_leaks(world: World) -> None:
    world.env["DEMO_AGENT_SECRET"] = "open-sesame"
    misbehaving(world, "leak").wait_for_screen("the secret is open-sesame")


def test_it_needs_nothing_but_python(world: World) -> None:
    agent = Path(demo.WHOLE["command"][1])
    words = [demo.WHOLE["command"][0], "-I", "-S", str(agent), "--headless", "hi"]
    done = subprocess.run(words, env={"HOME": str(world.home), "PATH": os.defpath}, capture_output=True, timeout=30)
    assert done.returncode == 0


def _is_sleep(process: psutil.Process) -> bool:
    try:
        return process.name() == "sleep"
    except psutil.Error:
        return False
