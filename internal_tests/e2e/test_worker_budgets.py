"""The budgets of a job: how often a step is tried, when the worktree is rebuilt, and when a person is asked."""

import json
from typing import Any

import pytest

from internal_tests.support.jobs import COMMON_KEYS, FAILS, Entry, JobRun, begin, deeds, use_plan, writes
from internal_tests.support.world import World


def failing(text: str, *before: list[Any]) -> Entry:
    """An attempt that fails with these words, and what it does first."""
    return deeds(*before, ["fail", text])


@pytest.mark.case(5, "DOC-REQ-002")
@pytest.mark.case(11, "DOC-REQ-002", "DOC-REQ-008")
@pytest.mark.case(19, "DOC-REQ-001", "DOC-REQ-002")
@pytest.mark.case(20, "DOC-REQ-001")
@pytest.mark.case(21, "DOC-REQ-001")
@pytest.mark.case(22, "DOC-REQ-002")
@pytest.mark.case(23, "DOC-REQ-002")
@pytest.mark.case(29, "DOC-REQ-006")
def test_equal_failures_are_being_stuck_different_ones_are_not_and_no_budget_is_exceeded(world: World) -> None:
    context = world.root / "context.md"
    shown = ["run", "sh", "-c", f"cp .agency/retry-context.md {context} 2>/dev/null || true"]
    plan = {
        "equal": [deeds(["write", "left.txt", "broken\n"], shown, *FAILS["do"])],
        "late": [failing("the roof is open"), failing("the door is open"), failing("the door is open")],
        "unrebuilt": [deeds(["write", ".env", "KEY={random}\n"], *FAILS["do"])],
        "edited": [
            failing("it does not work", ["write", "new.txt", "one\n"]),
            failing("it does not work", ["binary", "new.bin", 300]),
            failing("it does not work", ["write", "README.md", "another\n"]),
        ],
        "twice": [FAILS],
    }
    budgets: dict[str, dict[str, int]] = {
        "unrebuilt": {"max_resets": 0},
        "twice": {"max_attempts": 2, "no_progress_limit": 99},
    }
    runs = {name: begin(world, plan, name=name, steps=[name], budgets=budgets.get(name)) for name in plan}
    for run in runs.values():
        run.ended("needs_attention")
    assert {name: _verdicts(run) for name, run in runs.items()} == {
        "equal": [("soft_reset", 1), ("hard_reset", 2), ("queue_retry", 1)],
        "late": [("soft_reset", 1), ("soft_reset", 1), ("queue_retry", 2)],
        "unrebuilt": [("soft_reset", 1), ("queue_retry", 2)],
        "edited": [("soft_reset", 1), ("soft_reset", 1), ("queue_retry", 1)],
        "twice": [("soft_reset", 1), ("queue_retry", 2)],
    }
    exhausted = {name: run.told("self_heal.exhausted") for name, run in runs.items()}
    assert {name: [(one["reason"], one["retryable"]) for one in told] for name, told in exhausted.items()} == {
        "equal": [("attempts_exhausted", True)],
        "late": [("attempts_exhausted", True)],
        "unrebuilt": [("resets_exhausted", True)],
        "edited": [("attempts_exhausted", True)],
        "twice": [("attempts_exhausted", True)],
    }
    assert {name: run.state["resets_used"] for name, run in runs.items()} == {**dict.fromkeys(plan, 0), "equal": 1}
    for name, run in runs.items():
        recovery = json.loads((run.directory / "recovery.json").read_text())
        assert (recovery["stepId"], recovery["outcome"], recovery["resumeAllowed"]) == (name, "needs_attention", True)
        assert run.worktree.exists()
    unrebuilt, left_out = runs["unrebuilt"], runs["unrebuilt"].worktree / ".env"
    assert left_out.exists() and unrebuilt.attempt(0, 2)["changedFiles"] == [], "as in checkpoints"
    assert world.git("cat-file", "-t", world.git("hash-object", str(left_out)), check=False) == "", "it is no object"
    equal = runs["equal"]
    assert equal.story(step=0) == [
        "step.started",
        "step.attempt.started(1)",
        "step.attempt.failed(1)",
        "self_heal.triggered(1)",
        "step.attempt.started(2)",
        "step.attempt.failed(2)",
        "self_heal.triggered(2)",
        "self_heal.escalated(2)",
        "resume.from_step",
        "step.attempt.started(3)",
        "step.attempt.failed(3)",
        "self_heal.exhausted(3)",
        "step.failed",
    ]
    (escalated,), (resumed,) = equal.told("self_heal.escalated"), equal.told("resume.from_step")
    assert set(escalated) >= COMMON_KEYS and set(resumed) >= COMMON_KEYS
    assert (escalated["failureClass"], escalated["resetsUsed"], escalated["resetsMax"]) == ("stuck_no_progress", 0, 1)
    assert (resumed["trigger"], resumed["fromStepIndex"], resumed["replayedSteps"]) == ("auto", 0, [])
    assert equal.told("step.attempt.started")[2]["startedBy"] == "hard_reset"
    text = context.read_text()
    assert len(text.encode()) <= 4096 and "Your earlier edits were discarded" in text and "left.txt" in text
    (kept,) = [line.split("archived at ")[1] for line in text.splitlines() if "archived at" in line]
    assert kept == f"{equal.directory}/evidence/reset-0001"


def _verdicts(run: JobRun) -> list[tuple[str, int]]:
    """What followed from each attempt, and how many equal failures in a row it was."""
    records = [run.attempt(0, number) for number in range(1, len(run.outcomes()) + 1)]
    return [(record["strategy"], record["noProgressCount"]) for record in records]


@pytest.mark.case(25, "DOC-REQ-002")
@pytest.mark.case(30, "DOC-REQ-008")
def test_a_rebuild_counts_for_the_whole_job_also_after_its_worker_was_killed(world: World) -> None:
    waits = deeds(["wait_for", str(world.root / "never")])
    plan = {"first": [FAILS, FAILS, writes("first.txt")], "second": [waits, FAILS]}
    run = begin(world, plan, budgets={"max_attempts": 4})
    run.wait_told("step.attempt.started", stepIndex=1)
    assert run.state["resets_used"] == 1
    run.kill_worker()
    world.ok("resume", "job", "--detached")
    run.ended("needs_attention")
    assert run.outcomes(0) == ["retrying", "retrying", "success"]
    assert run.outcomes(1) == ["lost", "retrying", "queue_retry"]
    assert run.told("self_heal.exhausted")[0]["reason"] == "resets_exhausted"
    assert (run.worktree / "first.txt").read_text() == "made\n"


@pytest.mark.case(1, "DOC-REQ-002")
@pytest.mark.case(2, "DOC-REQ-002")
@pytest.mark.case(56, "DOC-REQ-002")
def test_budgets_are_fixed_with_where_they_came_from_and_bad_ones_start_nothing(world: World) -> None:
    use_plan(world, {"*": [writes("a")]})
    words = ("run", "--headless", "--prompt", "Write a", "--detached")
    for name, value in (
        ("STEP_MAX_ATTEMPTS", "0"),
        ("STEP_TIMEOUT_SECONDS", "soon"),
        ("JOB_SELF_HEAL_MAX_RESETS", "-1"),
    ):
        refused = world.agency(*words, "--name", "refused", env={name: value})
        assert refused.code != 0 and name in refused.err
    assert world.runs() == [] and world.sessions() == []
    plain = world.ok(*words, "--name", "plain").pairs["run_id"]
    world.env.update(STEP_MAX_ATTEMPTS="4", STEP_TIMEOUT_SECONDS="1200", STEP_IDLE_TIMEOUT_SECONDS="400")
    world.env.update(STEP_NO_PROGRESS_LIMIT="5", JOB_SELF_HEAL_MAX_RESETS="3")
    told = world.ok(*words, "--name", "told", "--max-resets", "2").pairs["run_id"]
    jobs = [json.loads((world.find(run_id).directory / "job.json").read_text()) for run_id in (plain, told)]
    assert [list(job["budgets"].values()) for job in jobs] == [[3, 900, 300, 2, 1], [4, 1200, 400, 5, 2]]
    assert set(jobs[0]["budget_origins"].values()) == {"built in"}
    assert jobs[1]["budget_origins"]["max_attempts"] == "STEP_MAX_ATTEMPTS"
    for run_id in (plain, told):
        JobRun(world, world.find(run_id).directory).ended()
