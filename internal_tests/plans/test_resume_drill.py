"""The resume drill: the conductor dies, and what else may; another goes on with the same workers and the same conversations."""

import shutil
import subprocess
import sys

import pytest

from internal_tests.support.gate import Gate
from internal_tests.support.plans import PlanInWorld, make_plan, task, writes
from internal_tests.support.world import EXAMPLES, World

ONCE = "test -e .agency/failed || { mkdir -p .agency; touch .agency/failed; echo no >&2; exit 1; }"
"""A doctor that says no the first time."""


@pytest.mark.parametrize("variant", ["conductor", "session", "exited", "server"])
def test_the_drill_of_the_examples_passes(world: World, variant: str) -> None:
    hidden = ("AGENCY_DATA_DIR", "AGENCY_CONFIG_DIR", "AGENCY_TMUX_SOCKET", "AGENCY_ALLOW_SCRIPTS", "AGENCY_TEST_ROOT")
    env = {key: value for key, value in world.env.items() if key not in hidden}
    done = subprocess.run(
        [EXAMPLES / "resume-drill" / "drill", variant],
        cwd="/",
        env={
            **env,
            "AGENCY_QUICKSTART_PYTHON": sys.executable,
            "TMPDIR": str(world.root),
            "BOOTSTRAP_DELAY": "1.5",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def killed_in_bootstrap(world: World, gate: Gate) -> PlanInWorld:
    """A plan of one task whose conductor was killed while the worktree of the task was made ready, which waits at ``gate``."""
    plan = make_plan(
        world,
        [task("001", writes="docs", verify={"doctor": ONCE}), task("002", writes="code")],
        {"001/": [writes("docs/a.txt")], "002/": [writes("code/b.txt")]},
        bootstrap=[gate.shell],
    )
    conductor = plan.begin("--tasks", "001")
    plan.wait_for("session.start", "001")
    gate.wait()
    conductor.kill()
    conductor.wait()
    return plan


def went_on(plan: PlanInWorld) -> None:
    """It is complete, with one run in one conversation, and nothing is left over."""
    assert plan.state["status"] == "complete"
    assert plan.statuses == {"001": "complete"}
    run = plan.run_of("001")
    names = run.event_names()
    assert "demo.thread.resumed" in names
    assert len({event["data"]["thread_id"] for event in run.events if ".thread." in event["event"]}) == 1
    assert len(plan.told("session.start")) == 1
    assert len(plan.state["tasks"]["001"]["dispatches"]) == 1
    seqs = [event["seq"] for event in run.events]
    assert seqs == list(range(1, len(seqs) + 1))
    assert plan.trailers() == ["001"]
    assert plan.leftovers() == {}


def test_after_a_reboot_the_worker_is_started_again_in_the_same_conversation(world: World) -> None:
    gate = Gate(world)
    plan = killed_in_bootstrap(world, gate)
    world.reboot(*[world.find(row["run_id"]) for row in world.runs()])
    gate.stand_open()
    result = world.agency("plan", "resume")
    assert result.code == 0, result.err
    assert len(plan.told("session.missing", "001")) == 1
    went_on(plan)


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
def test_the_worker_is_found_again_after_the_clock_jumped_a_day(world: World) -> None:
    gate = Gate(world)
    plan = killed_in_bootstrap(world, gate)
    resumed = plan.resume(under=["faketime", "-f", "+1d"])
    plan.wait_for("session.reattach", "001")
    gate.open()
    assert resumed.wait(60) == 0, plan.saying()
    assert [told["running"] for told in plan.told("session.reattach", "001")] == [True]
    assert plan.told("session.missing") == []
    went_on(plan)
