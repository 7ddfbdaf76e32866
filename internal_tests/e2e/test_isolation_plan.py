"""The isolation of a plan: each task has that of the plan, or the one it names itself."""

import json
import shutil

import pytest

from internal_tests.support.containers import IMAGE, serving_docker
from internal_tests.support.jobs import deeds, use_plan, writes
from internal_tests.support.world import DEMO_AGENT, World

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bubblewrap here")


def _task(number: str, **more: object) -> dict[str, str]:
    manifest = {
        "id": number,
        "name": f"task-{number}",
        "description": f"Write {number}",
        "locks": {"writes": ["repo-root"]},
        "files": {"writes": [f"{number}.txt"]},
        "verify": {"doctor": f"test -s {number}.txt"},
        **more,
    }
    place = f".agency/plans/nuts/tasks/{number}-task"
    return {f"{place}/manifest.json": json.dumps(manifest), f"{place}/spec.md": f"Write {number}.txt.\n"}


def test_tasks_bootstrap_and_checks_are_isolated_as_the_plan_or_the_task_says(world: World) -> None:
    world.closing.enter_context(serving_docker(world))
    (world.home / "secret").write_text("x")
    (world.home / ".demo-agent").mkdir()
    plan_file = world.root / "plan.json"
    use_plan(
        world,
        {"001/": [deeds(["run", "sh", "-c", "ls -A ~ > 001.txt"])], "002/": [writes("002.txt")]},
        command=["demo-agent"],
    )
    isolation = {"backend": "bwrap", "writable": ["~/.demo-agent"], "readable": [str(plan_file), DEMO_AGENT]}
    plan = {
        "version": 1,
        "doctor": "true",
        "doctor_canary": {"mode": "off"},
        "bootstrap": ["mkdir -p .agency && ls -A ~ > .agency/seen"],
        "isolation": isolation,
    }
    world.commit({"plan.yaml": json.dumps(plan), **_task("001"), **_task("002", isolation="docker")}, "a plan")
    (world.config / "config.yaml").write_text(f"isolation: {{docker: {{image: '{IMAGE}'}}}}\n")
    done = world.agency("plan", "run", "nuts", timeout=120)
    assert done.code == 0, done.out + done.err
    assert world.git("show", "main:001.txt") == ".demo-agent"
    jobs = [
        json.loads(path.read_text())["isolation"]["backend"] for path in world.data.glob("repos/*/archive/*/job.json")
    ]
    assert sorted(jobs) == ["bwrap", "docker"]
    calls = [json.loads(line)["words"] for line in (world.root / "docker/calls.jsonl").read_text().splitlines()]
    made = [" ".join(words) for words in calls if words[0] == "create"]
    assert len(made) == 3 and all("--label agency.plan=" in line and "--label agency.task=002" in line for line in made)
    assert not [words for words in calls if words[0] == "rm" and "--force" not in words]
