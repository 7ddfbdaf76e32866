"""Agents that other packages bring along as entry points."""

import sys
import textwrap
from pathlib import Path

import pytest

from internal_tests.support.world import DEMO_AGENT, World

GOOD = f"""
from agency.domain.agent import AgentState
from agency.runners.adapter import Adapter, Words

class Brought(Adapter):
    name = "brought"
    command = ({sys.executable!r}, {DEMO_AGENT!r})
    has_threads = True

    def start(self, scene, extra, prompt):
        last = (prompt,) if prompt is not None else ()
        return Words(words=(*extra, "--thread", "chosen-by-it", *last), thread_id="chosen-by-it")

    def resume(self, scene, extra, thread_id):
        return Words(words=(*extra, "--resume", thread_id), thread_id=thread_id)

    def knows(self, scene, thread_id):
        return True

    def state(self, scene, thread_id):
        import os, time
        waits = os.path.exists(scene.worktree + "/waits")
        return AgentState(doing="waiting" if waits else "done", detail="it told so", at=time.time())
"""


def bring(world: World, code: str, *, value: str = "brought_agent:Brought", name: str = "brought") -> None:
    """Make a package with an entry point, as an installer leaves it, importable by the installed command."""
    place = world.root / "site"
    info = place / "brought_agent-1.2.dist-info"
    info.mkdir(parents=True)
    (place / "brought_agent.py").write_text(textwrap.dedent(code))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought-agent\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[agency.runners]\n{name} = {value}\n")
    world.env["PYTHONPATH"] = str(place)


def test_an_agent_of_another_package_runs_resumes_and_tells_its_state(world: World) -> None:
    bring(world, GOOD)
    run = world.run("one", "--runner", "brought", "--prompt", "hello")
    run.wait_for_screen("you said: hello")
    assert (run.row()["derived_status"], run.row()["summary"]) == ("done", "it told so")
    (run.worktree / "waits").touch()
    assert run.row()["rule"] == "agent-waits"
    world.ok("kill", "one")
    world.ok("resume", "one", "--detached")
    run.wait_for_screen("earlier: you said: hello")
    assert "brought.thread.resumed" in run.event_names()


def test_an_instance_will_do(world: World) -> None:
    bring(world, GOOD + "\nagent = Brought()\n", value="brought_agent:agent")
    world.run("one", "--runner", "brought").wait_for_screen("conversation: chosen-by-it")


def test_config_may_add_to_its_environment(world: World) -> None:
    bring(world, GOOD)
    world.commit({"agency.yaml": "version: 1\nrunners: {brought: {env: {MODE: quick}}}\n"})
    run = world.run("one", "--runner", "brought", "--", "--show", "MODE")
    run.wait_for_screen("MODE=quick")


def test_words_of_the_config_describe_another_agent_of_that_name(world: World) -> None:
    bring(world, "raise RuntimeError('never loaded')")
    config = f"version: 1\nrunners: {{brought: {{command: ['{sys.executable}', '{DEMO_AGENT}']}}}}\n"
    world.commit({"agency.yaml": config})
    world.run("one", "--runner", "brought").wait_for_screen("demo agent ready")


BROKEN = {
    "no such module": (GOOD, "nowhere:Agent", "cannot be loaded: ModuleNotFoundError"),
    "no such name": (GOOD, "brought_agent:Agent", "cannot be loaded: AttributeError"),
    "fails on import": ("1 / 0", "brought_agent:Brought", "cannot be loaded: ZeroDivisionError"),
    "leaves on import": ("raise SystemExit(3)", "brought_agent:Brought", "cannot be loaded: SystemExit: 3"),
    "no adapter": ("Brought = dict", "brought_agent:Brought", "is no Adapter but dict"),
    "another name": (GOOD.replace('"brought"', '"other"'), "brought_agent:Brought", "calls itself other"),
    "no command": (GOOD.replace("command =", "com ="), "brought_agent:Brought", "names no command"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_package_is_told_by_name_with_what_to_type(world: World, kind: str) -> None:
    code, value, why = BROKEN[kind]
    bring(world, code, value=value)
    result = world.agency("run", "one", "--runner", "brought", "--detached")
    assert (result.code, result.error_code) == (1, "E_RUNNER_BROKEN")
    assert f"runner brought of brought-agent 1.2 {why}" in result.err
    assert "hint: pip install --upgrade brought-agent, or pip uninstall brought-agent" in result.err
    assert "Traceback" not in result.err
    assert world.runs() == []


def test_a_method_that_fails_is_told_too_and_looking_goes_on(world: World) -> None:
    bring(world, GOOD)
    run = world.run("one", "--runner", "brought")
    run.wait_for_screen("conversation: chosen-by-it")
    code = GOOD.replace("import os, time", "1 / 0").replace("return True", "1 / 0")
    (world.root / "site" / "brought_agent.py").write_text(code)
    assert run.status() == "active"
    result = world.agency("resume", "one", "--detached", "--restart", "--yes")
    assert (result.code, result.error_code) == (1, "E_RUNNER_BROKEN")
    assert "failed in knows: ZeroDivisionError" in result.err


def test_a_run_whose_package_broke_is_still_listed_and_killed(world: World) -> None:
    bring(world, GOOD)
    run = world.run("one", "--runner", "brought")
    (world.root / "site" / "brought_agent.py").write_text("1 / 0")
    assert run.status() == "active"
    world.ok("kill", "one")
    assert run.status() == "stopped"
    assert world.agency("resume", "one", "--detached").error_code == "E_RUNNER_BROKEN"


def test_a_run_whose_package_is_gone_is_still_listed_and_killed(world: World) -> None:
    bring(world, GOOD)
    run = world.run("one", "--runner", "brought")
    del world.env["PYTHONPATH"]
    assert run.status() == "active"
    assert world.ok("kill", "one").code == 0
    assert world.agency("resume", "one", "--detached").error_code == "E_RUNNER_NOT_CONFIGURED"


def test_doctor_lists_what_packages_bring_and_what_is_broken(world: World) -> None:
    bring(world, GOOD)
    assert f"{sys.executable}, from brought-agent 1.2" in world.agency("doctor").out
    (world.root / "site" / "brought_agent.py").write_text("1 / 0")
    said = world.agency("doctor").out
    assert "runner brought of brought-agent 1.2 cannot be loaded: ZeroDivisionError" in said
    assert "pip install --upgrade brought-agent" in said


def test_doctor_tells_of_one_that_is_hidden_by_a_built_in_agent(world: World) -> None:
    bring(world, GOOD, name="claude")
    assert "that of brought-agent 1.2 is not used: agency has one of that name" in world.agency("doctor").out


def test_a_name_that_nobody_knows_lists_those_of_packages_too(world: World) -> None:
    bring(world, GOOD)
    result = world.agency("run", "one", "--runner", "brough", "--detached")
    assert result.error_code == "E_RUNNER_NOT_CONFIGURED"
    assert "hint: agency run --runner brought" in result.err


@pytest.mark.parametrize("words", [("ls",), ("resume", "one", "--detached"), ("explain", "one")])
def test_packages_are_not_looked_at_for_other_agents(world: World, words: tuple[str, ...]) -> None:
    bring(world, "raise RuntimeError('never loaded')")
    Path(world.root / "claude").write_text("#!/bin/sh\nread line\n")
    (world.root / "claude").chmod(0o755)
    world.env["PATH"] = f"{world.root}:{world.env['PATH']}"
    world.run("one", "--runner", "claude")
    result = world.agency(*words, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert result.code == 0
    assert "agency.cli.main" in result.err
    assert "importlib.metadata" not in result.err
