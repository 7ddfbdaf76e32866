"""Job files: what they may hold, and what is said of one that cannot be used."""

import json
from pathlib import Path

import pytest

from agency.config.job import read_job_file
from agency.config.schema import job_schema
from agency.domain.errors import AgencyError
from agency.domain.job import Job, Step, job_from_record, record_of_job

WHOLE = """
objective: mend it
runner: codex
model: small
publish: land
budgets: {max_attempts: 2, timeout: 10m, idle_timeout: 0, no_progress_limit: 0, max_resets: 2}
isolation: {backend: bwrap, network: off, caches: [~/.npm, /srv/cache]}
steps:
  - id: one
    title: First
    instructions: do one
    check: sh -c 'test -f one'
    timeout: 90s
  - instructions: do two
    check: [test, -f, two words]
    idle_timeout: 2s
"""


def test_a_job_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(WHOLE)
    parsed = read_job_file(str(path))
    assert (parsed.objective, parsed.runner, parsed.model, parsed.publish) == ("mend it", "codex", "small", "land")
    assert parsed.budgets == {
        "max_attempts": 2,
        "timeout": 600.0,
        "idle_timeout": 0.0,
        "no_progress_limit": 0,
        "max_resets": 2,
    }
    assert parsed.isolation == {"backend": "bwrap", "network": False, "caches": ("~/.npm", "/srv/cache")}
    assert parsed.steps == (
        Step(
            step_id="one",
            index=0,
            title="First",
            instructions="do one",
            check=("sh", "-c", "test -f one"),
            timeout=90.0,
        ),
        Step(
            step_id="step-1",
            index=1,
            title="",
            instructions="do two",
            check=("test", "-f", "two words"),
            idle_timeout=2.0,
        ),
    )
    job = Job(objective="mend it", steps=parsed.steps, publish="land", origins={"timeout": "job"})
    assert job_from_record(json.loads(json.dumps(record_of_job(job)))) == job


def test_json_will_do(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text('{"objective": "x", "steps": [{"instructions": "y"}]}')
    parsed = read_job_file(str(path))
    assert (parsed.steps[0].step_id, parsed.budgets, parsed.publish) == ("step-0", {}, None)


@pytest.mark.parametrize(
    ("text", "line", "key", "hint"),
    [
        ("objective: x\n", 1, "steps", "add steps"),
        ("steps:\n  - instructions: y\n", 1, "objective", "add objective"),
        ("objective: x\nsteps: []\n", 2, "steps", "at least one"),
        ("objective: x\nsteps: later\n", 2, "steps", "write it as"),
        ("objective: x\nsteps:\n  - id: a\n", 3, "steps[0].instructions", "add instructions"),
        ("objective: x\nsteps:\n  - {id: A, instructions: y}\n", 3, "steps[0].id", "build-form"),
        ("objective: x\nsteps:\n  - {chek: a, instructions: y}\n", 3, "steps[0].chek", "did you mean check?"),
        (
            "objective: x\nsteps:\n  - {id: a, instructions: y}\n  - {id: a, instructions: z}\n",
            4,
            "steps[1].id",
            "another id",
        ),
        ("objective: x\nsteps:\n  - {id: step-1, instructions: y}\n  - instructions: z\n", 4, "steps[1].id", "another"),
        ("objective: x\nbudgets: {max_attempts: 0}\nsteps:\n  - instructions: y\n", 2, "budgets.max_attempts", "as 3"),
        ("objective: x\nbudgets: {timeout: 5}\nsteps:\n  - instructions: y\n", 2, "budgets.timeout", "15m"),
        ("objective: x\npublish: mail\nsteps:\n  - instructions: y\n", 2, "publish", "one of them"),
        ("objective: x\nsteps:\n  - {instructions: y, check: 'a \"b'}\n", 3, "steps[0].check", ""),
    ],
)
def test_what_is_wrong_is_told_with_line_key_and_what_to_do(
    tmp_path: Path, text: str, line: int, key: str, hint: str
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(AgencyError) as caught:
        read_job_file(str(path))
    error = caught.value
    assert (error.code, error.details["file"]) == ("E_INVALID_JOB", str(path))
    assert error.details["key"] == key
    assert error.details["line"] == line
    assert hint in str(error.hint)


@pytest.mark.parametrize("name", ["none.yaml", "directory", ""])
def test_a_file_that_cannot_be_read_is_not_to_be_removed_but_another_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(AgencyError) as caught:
        read_job_file(str(tmp_path / name) if name else "")
    assert (caught.value.code, caught.value.hint) == ("E_INVALID_JOB", "name a file that you may read")
    assert caught.value.message.startswith(name or "''")


def test_the_schema_knows_every_key() -> None:
    schema = job_schema()
    assert set(schema["$defs"]["JobFile"]["required"]) == {"objective", "steps"}
    assert set(schema["$defs"]["JobStep"]["properties"]) == {
        "id",
        "title",
        "instructions",
        "check",
        "timeout",
        "idle_timeout",
    }


@pytest.mark.parametrize(
    ("ref", "index"), [("one", 0), ("step-1", 1), ("#1", 0), ("#2", 1), ("step-0", 0), ("#3", None), ("two", None)]
)
def test_a_step_is_meant_by_its_id_or_its_place(ref: str, index: int | None) -> None:
    steps = (
        Step(step_id="one", index=0, title="", instructions="x"),
        Step(step_id="step-1", index=1, title="", instructions="y"),
    )
    job = Job(objective="x", steps=steps)
    if index is not None:
        assert job.find_step(ref).index == index
        return
    with pytest.raises(AgencyError, match="no step"):
        job.find_step(ref)
