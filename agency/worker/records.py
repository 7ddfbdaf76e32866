"""The record of an attempt, ``state/self_heal/attempt-NNNN-NNNN.json``: what it was given, how it ended, what follows from it."""

from collections.abc import Mapping
from typing import Any

from agency.domain.job import Step
from agency.domain.taskdata import AttemptData, StepData
from agency.store.eventlog import now
from agency.store.jobs import attempt_log
from agency.worker.work import Work

SCHEMA_VERSION = "1.0"


def begun_record(work: Work) -> dict[str, Any]:
    """The record of the attempt that is about to start."""
    state, step, running = work.state, work.step, work.state.running
    assert running is not None
    return {
        "schemaVersion": SCHEMA_VERSION,
        "jobAttempt": state.job_attempt,
        "stepId": step.step_id,
        "stepIndex": step.index,
        "attempt": running.attempt,
        "startedBy": running.started_by,
        "runner": work.run.runner,
        "outcome": "running",
        "failureClass": None,
        "failureSummary": None,
        "failureSignature": None,
        "failureSignatureHash": None,
        "strategy": None,
        "wallClockSeconds": None,
        "idleSeconds": None,
        "idleTimeoutTriggered": False,
        "wallTimeoutTriggered": False,
        "noProgressCount": 0,
        "exitCode": None,
        "signal": None,
        "pid": None,
        "diffHash": None,
        "changedFiles": [],
        "usage": None,
        "cost": None,
        "budgets": dict(work.job.budgets.as_record()),
        "retryContext": dict(state.context["record"]) if state.context is not None else None,
        "logPath": attempt_log(work.run.directory, step.index, running.attempt),
        "events": [],
        "startedAt": now(),
        "finishedAt": None,
    }


def common(record: Mapping[str, Any]) -> AttemptData:
    """What every event of the attempt tells."""
    return {
        "stepId": record["stepId"],
        "stepIndex": record["stepIndex"],
        "attempt": record["attempt"],
        "failureClass": record["failureClass"],
        "failureSignature": record["failureSignature"],
        "failureSignatureHash": record["failureSignatureHash"],
        "diffHash": record["diffHash"],
        "strategy": record["strategy"],
    }


def data_of_step(step: Step, runner: str, summary: str | None = None, attempt: int = 1) -> StepData:
    """What the events of a step tell, of which ``attempt`` is the first or last one."""
    return {
        "stepId": step.step_id,
        "stepIndex": step.index,
        "stepTitle": step.title,
        "runner": runner,
        "hasStepInstructions": bool(step.instructions),
        "summary": summary,
        "attempt": attempt,
    }
