"""``agency explain``: the status of a run, the rule behind it and the evidence that was seen."""

from collections.abc import Callable

import pytest

from internal_tests.support.footprint import footprint
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World, demo_config


def _leave(world: World, run: SeenRun) -> None:
    """Nothing happens."""


def _exit(world: World, run: SeenRun) -> None:
    run.type("exit 6")
    run.wait_for_exit()


def _kill(world: World, run: SeenRun) -> None:
    world.ok("kill", run.name)


def _lose(world: World, run: SeenRun) -> None:
    world.kill_tmux_server()


def _work(world: World, run: SeenRun) -> None:
    run.type("status working on the login form")
    run.wait_for_screen("status working")


def _ask(world: World, run: SeenRun) -> None:
    run.type("status needs_input which colour")
    run.wait_for_screen("status needs_input")


def _mark(world: World, run: SeenRun) -> None:
    world.ok("mark", run.name, "--reason", "look at me")


def _clean(world: World, run: SeenRun) -> None:
    world.ok("clean", run.name, "--yes")


def _break(world: World, run: SeenRun) -> None:
    (run.directory / "meta.json").write_text("")


CASES: dict[str, tuple[Callable[[World, SeenRun], None], str]] = {
    "session-alive": (_leave, "active"),
    "runner-exited": (_exit, "exited (6)"),
    "stopped-by-you": (_kill, "stopped"),
    "runner-lost": (_lose, "lost (tmux died)"),
    "said-working": (_work, "working"),
    "said-needs-input": (_ask, "needs input"),
    "attention": (_mark, "needs attention"),
    "abandoned": (_clean, "abandoned"),
    "record-unreadable": (_break, "broken"),
}


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_that_decided_is_named(world: World, rule: str) -> None:
    deed, status = CASES[rule]
    run = world.run("why")
    run.wait_for_screen("demo agent ready")
    deed(world, run)
    told = world.ok("explain", run.id, "--json").data
    assert (told["status"], told["rule"]) == (status, rule)
    assert told["status"] == run.status()
    shown = world.ok("explain", run.id).out.splitlines()
    assert shown[0] == f"status: {status}"
    assert shown[1] == f"rule: {rule}: {told['because']}"


def test_the_evidence_holds_what_was_seen(world: World) -> None:
    run = world.run("seen")
    run.wait_for_screen("demo agent ready")
    run.type("status working hard")
    run.wait_for_screen("status working")
    told = world.ok("explain", "seen", "--json").data
    evidence = told["evidence"]
    assert evidence["session"]["alive"] is True
    assert (evidence["saying"]["status"], evidence["saying"]["summary"]) == ("working", "hard")
    assert (evidence["launched"], evidence["exit_code"]) == (True, None)
    assert evidence["worktree_present"] is True
    assert evidence["launch"]["runner"] == "demo"
    (pane,) = evidence["panes"]
    assert (pane["pane_id"], str(pane["pid"])) == (run.pane()["pane_id"], run.pane()["pid"])
    assert evidence["last_event"] == "run_created"


def test_rules_that_came_before_are_told(world: World) -> None:
    world.run("order")
    told = world.ok("explain", "order", "--json").data
    assert told["passed_over"][0] == "record-unreadable"
    assert "runner-exited" in told["passed_over"]
    assert told["rule"] not in told["passed_over"]


def test_people_read_what_was_seen_and_not_what_was_not(world: World) -> None:
    run = world.run("text")
    run.wait_for_screen("demo agent ready")
    run.type("exit 2")
    run.wait_for_exit()
    wait_for(lambda: run.pane()["dead"] == "1", "the pane to be dead")
    shown = world.ok("explain", "text").out
    assert "\n  exit_code: 2\n" in shown
    assert "\n  launched: true\n" in shown
    assert "saying" not in shown
    assert "None" not in shown


def test_a_half_done_operation_is_told_with_its_step(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="scripts: {setup: {command: [sh, -c, 'kill -9 $PPID']}}\n")})
    assert world.agency("run", "half", "--detached").code == -9
    told = world.ok("explain", "half", "--json").data
    assert (told["status"], told["rule"]) == ("interrupted (create)", "operation-interrupted")
    assert (told["evidence"]["operation"], told["evidence"]["operation_alive"]) == ("create", False)
    assert told["evidence"]["operation_step"] == "setup_started"


def test_looking_writes_nothing(world: World) -> None:
    run = world.run("still")
    run.wait_for_screen("demo agent ready")
    before = footprint(world.data, world.repo)
    world.ok("explain", "still")
    assert footprint(world.data, world.repo) == before
