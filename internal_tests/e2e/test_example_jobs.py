"""The jobs of the examples, and the plans that tell the demo agent what to do at each of their steps."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from agency.config.job import ParsedJob, read_job_file
from internal_tests.support.world import DEMO_AGENT

JOBS = Path(DEMO_AGENT).parent / "jobs"
NAMES = sorted(path.name.removesuffix(".plan.json") for path in JOBS.glob("*.plan.json"))


def job(name: str) -> ParsedJob:
    """The job of that name, as agency reads it."""
    (path,) = [path for path in JOBS.glob(f"{name}.*") if path.suffixes in ([".json"], [".yaml"])]
    return read_job_file(str(path))


def test_every_job_has_a_plan() -> None:
    assert sorted({path.name.split(".")[0] for path in JOBS.iterdir()}) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_says_what_is_done_at_every_step_of_its_job(name: str) -> None:
    plan = JOBS / f"{name}.plan.json"
    assert list(json.loads(plan.read_text())) == [step.step_id for step in job(name).steps]
    words = [DEMO_AGENT, "--headless", "--plan", str(plan), "nothing is planned for this"]
    done = subprocess.run(
        words,
        env={"PATH": os.environ["PATH"], "AGENCY_STEP_ID": "no step"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
