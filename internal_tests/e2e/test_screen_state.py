"""What an agent does, read off its screen where it tells it in no other way."""

import json
import sys
from typing import Any

import pytest

from internal_tests.support import demo
from internal_tests.support.following import Following
from internal_tests.support.footprint import ToolLog
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World


def scripted(world: World, name: str, *steps: dict[str, Any], words: tuple[str, ...] = (), **changes: Any) -> SeenRun:
    """A run of the demo agent that does ``steps``, one a prompt, and listens."""
    script = world.root / f"{name}.json"
    script.write_text(json.dumps(steps))
    if (world.repo / "agency.yaml").read_text() != demo.config(**changes):
        world.commit({"agency.yaml": demo.config(**changes)})
    run = world.run(name, "--", "--script", str(script), *words)
    run.wait_for_screen("demo>")
    return run


def becomes(run: SeenRun, status: str) -> dict[str, Any]:
    """The row of the run as soon as it has the status."""
    wait_for(lambda: run.row()["derived_status"] == status, f"{run.name} to be {status}", every=0.2)
    return run.row()


def test_an_agent_is_seen_to_work_to_ask_and_to_be_done(world: World) -> None:
    run = scripted(world, "seen", {"delay": 4, "say": "there"}, {"ask": "May I delete it?", "say": "gone"})
    assert becomes(run, "done")["rule"] == "screen-done"
    run.type("look around")
    row = becomes(run, "working")
    wait_for(lambda: run.row()["summary"] == "look around", "the summary to name the work", every=0.2)
    assert row["rule"] == "screen-works"
    becomes(run, "done")
    run.type("delete it")
    row = becomes(run, "waiting")
    assert (row["rule"], row["summary"]) == ("screen-waits", "May I delete it? [y/n]")
    run.type("y")
    run.wait_for_screen("gone")
    becomes(run, "done")


def test_explain_shows_what_the_screen_told(world: World) -> None:
    run = scripted(world, "told", {"ask": "Which port?"})
    run.type("serve it")
    becomes(run, "waiting")
    told = world.ok("explain", "told", "--json").data
    assert told["rule"] == "screen-waits"
    assert told["evidence"]["screen"]["detail"] == "Which port? [y/n]"
    assert told["evidence"]["agent"] is None


def test_all_screens_are_read_with_one_call(world: World) -> None:
    for name in ("one", "two", "three"):
        scripted(world, name)
    log = ToolLog(world, "tmux")
    assert world.agency("ls", env=log.env).code == 0
    assert len(log.calls()) == 2


def test_runs_without_patterns_cost_no_call(world: World) -> None:
    world.run("plain")
    log = ToolLog(world, "tmux")
    assert world.agency("ls", env=log.env).code == 0
    assert len(log.calls()) == 1


def test_what_the_screen_tells_needs_no_config(world: World) -> None:
    run = scripted(world, "kept")
    becomes(run, "done")
    (world.repo / "agency.yaml").write_text("runners: [broken\n")
    assert run.row()["derived_status"] == "done"


def test_a_status_file_stands_until_the_screen_shows_work_again(world: World) -> None:
    run = scripted(world, "both", {"status": ["blocked", "no network"]}, {"delay": 4})
    run.type("try")
    assert becomes(run, "blocked")["summary"] == "no network"
    run.type("try again")
    becomes(run, "working")


def test_patterns_work_for_any_command(world: World) -> None:
    runner = {"command": [sys.executable, "-c", "input('Overwrite? [y/n] ')"]}
    world.commit({"agency.yaml": demo.config(runner, state_patterns={"waiting": ["\\[y/n\\]$"]})})
    run = world.run("plain")
    assert becomes(run, "waiting")["summary"] == "Overwrite? [y/n]"


def test_patterns_can_be_given_to_an_agent_that_is_built_in(world: World) -> None:
    program = world.root / "aider"
    program.write_text("#!/bin/sh\nprintf 'Add it? [yes] '; read answer\n")
    program.chmod(0o755)
    runner = {"command": [str(program)], "state_patterns": {"waiting": ["\\[yes\\]$"]}}
    world.commit({"agency.yaml": json.dumps({"version": 1, "runners": {"aider": runner}})})
    run = world.run("built-in", "--runner", "aider")
    assert becomes(run, "waiting")["summary"] == "Add it? [yes]"


def test_a_script_sends_waits_answers_and_waits_again(world: World) -> None:
    run = scripted(world, "turns", {"delay": 1, "ask": "May I?", "write": {"made.txt": "x\n"}, "say": "made it"})
    world.ok("send", "turns", "make it")
    asked = world.ok("wait", "turns", "--for", "waiting", "--for", "done", "--timeout", "30s", "--json").data
    assert (asked["reached"], asked["summary"]) == ("waiting", "May I? [y/n]")
    world.ok("send", "turns", "y")
    done = world.ok("wait", "turns", "--for", "done", "--timeout", "30s")
    assert done.out == "done\n"
    assert (run.worktree / "made.txt").read_text() == "x\n"


def test_a_wait_for_done_is_not_fooled_by_the_prompt_before_the_work_begins(world: World) -> None:
    run = scripted(world, "slow", {"delay": 3, "say": "worked"})
    becomes(run, "done")
    world.ok("send", "slow", "work")
    with Following(world, "wait", "slow", "--for", "done", "--timeout", "30s") as waiting:
        assert waiting.ended() == 0
    assert "worked" in run.screen()


@pytest.mark.parametrize("misbehaviour", ["crash", "exit"])
def test_an_agent_that_ends_is_never_told_by_its_last_screen(world: World, misbehaviour: str) -> None:
    run = scripted(world, "ended", {"misbehave": "crash"} if misbehaviour == "crash" else {"exit": 3})
    run.type("go")
    code = run.wait_for_exit()
    assert becomes(run, f"exited ({code})")["rule"] == "runner-exited"
