"""What the finished record of an attempt leads to: events, metrics and the next state. All of it follows from the record, so that
a worker which comes after a kill does what is missing, and nothing twice."""

import time
from collections.abc import Mapping
from typing import Any

from agency.domain.events import (
    ATTEMPT_FAILED,
    ATTEMPT_FINISHED,
    HEAL_ESCALATED,
    HEAL_EXHAUSTED,
    HEAL_TRIGGERED,
    STEP_FAILED,
    STEP_FINISHED,
    TASK_FINISHED,
    Event,
)
from agency.domain.healing import NoProgress
from agency.domain.jobstate import JobState, PendingReset
from agency.domain.metrics import AttemptEnd, attempt_metrics
from agency.domain.stepcheckpoint import VALID, record_of_step
from agency.store.jobs import read_attempt
from agency.worker.checkpoint import StepDone, read_steps, save_step
from agency.worker.records import common, data_of_step
from agency.worker.recovery import next_commands, recovery_record
from agency.worker.retry import context_after
from agency.worker.work import Work

_ENDS = {"failed": "failed", "queue_retry": "needs_attention", "needs_attention": "needs_attention"}
"""Outcome of an attempt after which the job stops -> the outcome of the job."""

_WORDS = {
    "deterministic_failure": "trying again cannot help",
    "attempts_exhausted": "no attempt is left",
    "resets_exhausted": "it gets no further, and no rebuild is left",
}
"""Why a step ends without success -> in words."""


def settle(work: Work, record: Mapping[str, Any]) -> None:
    """Tell how the attempt of ``record`` ended, and turn to what comes next: only then it is over. Raises
    E_CHECKPOINT_UNSUPPORTED, E_DISK_FULL."""
    after = _told(work, record)
    work.keep_numbers(record)
    work.save(after)


def _told(work: Work, record: Mapping[str, Any]) -> JobState:
    """The state after the attempt, once all that is to be told of it is told."""
    outcome = record["outcome"]
    if outcome == "success":
        return _accepted(work, record)
    _failed_event(work, record)
    if outcome in ("cancelled", "lost"):
        return work.state.put_off("resume" if outcome == "lost" else "operator")
    if outcome == "retrying":
        return _retry(work, record)
    retryable = bool(record.get("retryable", True))
    return _ended(work, outcome=_ENDS[outcome], reason=_reason(record), retryable=retryable, record=record)


def _accepted(work: Work, record: Mapping[str, Any]) -> JobState:
    step = work.step
    done = StepDone(
        step_id=step.step_id,
        index=step.index,
        attempt=record["attempt"],
        job_attempt=record["jobAttempt"],
        summary=record.get("summary"),
    )
    save_step(work.context, work.run, done)
    seconds = record["wallClockSeconds"] or 0.0
    summary = record.get("summary")
    finished = ATTEMPT_FINISHED({**common(record), "durationSeconds": seconds, "summary": summary})
    _tell(work, record, finished)
    work.tell_once(
        STEP_FINISHED(data_of_step(step, work.run.runner, summary, record["attempt"])), "stepIndex", "attempt"
    )
    work.say(f"step {step.index + 1}/{len(work.job.steps)} accepted after {seconds:.1f} s")
    return work.state.accepted()


def _reason(record: Mapping[str, Any]) -> str:
    """Why the job stops, in words."""
    words = _WORDS.get(record.get("reason") or "")
    summary = str(record["failureSummary"])
    return f"{words}: {summary}" if words else summary


def _retry(work: Work, record: Mapping[str, Any]) -> JobState:
    state = work.state
    hard = record["strategy"] == "hard_reset"
    delay = record["delaySeconds"]
    triggered = HEAL_TRIGGERED({**common(record), "nextAttempt": record["attempt"] + 1, "delaySeconds": delay})
    work.tell_once(triggered, "stepIndex", "attempt")
    after = state.failed(NoProgress(**record["noProgressWindow"]))
    if hard:
        escalated = HEAL_ESCALATED(
            {
                **common(record),
                "reason": "no_progress_limit_reached",
                "resetsUsed": state.resets_used,
                "resetsMax": work.job.budgets.max_resets,
            }
        )
        work.tell_once(escalated, "stepIndex", "attempt")
        after = after.resetting(PendingReset(step_index=state.step_index, trigger="auto"))
    else:
        context = context_after(work, record, discarded=None)
        after = after.retrying(context, fresh_thread=bool(record.get("threadRefused")), due_at=time.time() + delay)
    work.due = time.monotonic() + delay
    wait = f", in {delay:.1f} s" if delay >= 1 else ""
    work.say(f"{record['failureClass']}: {record['failureSummary']}")
    work.say(f"{record['strategy'].replace('_', ' ')}: another attempt follows{wait}")
    return after


def end_job(work: Work, *, outcome: str, reason: str, retryable: bool) -> None:
    """End the job badly, where no attempt led to it. What can be done about it is kept first, then told; worktree and records
    stay."""
    work.save(_ended(work, outcome=outcome, reason=reason, retryable=retryable, record=None))


def _ended(work: Work, *, outcome: str, reason: str, retryable: bool, record: Mapping[str, Any] | None) -> JobState:
    """The state of a job that ends badly, for the attempt of ``record`` where one led to it."""
    state = work.state
    step = work.job.steps[min(state.step_index, len(work.job.steps) - 1)]
    good = [checkpoint for checkpoint in read_steps(work.run) if checkpoint.status == VALID]
    work.keep_recovery(
        recovery_record(
            work,
            state,
            outcome=outcome,
            reason=reason,
            retryable=retryable,
            last_good=record_of_step(good[-1]) if good else None,
        )
    )
    if record is not None:
        why = record.get("reason") or "needs_attention"
        exhausted = HEAL_EXHAUSTED({**common(record), "retryable": retryable, "reason": why})
        work.tell_once(exhausted, "stepIndex", "attempt")
    accepted = state.step_index >= len(work.job.steps)
    if not accepted:
        attempt = state.steps[step.index].attempts
        work.tell_once(STEP_FAILED(data_of_step(step, work.run.runner, reason, attempt)), "stepIndex", "attempt")
    finished = TASK_FINISHED(
        {
            "outcome": outcome,
            "reason": reason,
            "stepId": None if accepted else step.step_id,
            "published": "none",
            "jobAttempt": state.job_attempt,
        }
    )
    work.tell_once(finished, "jobAttempt", "outcome")
    if record is not None and record.get("noProgressWindow"):
        state = state.failed(NoProgress(**record["noProgressWindow"]))
    where = "" if accepted else f" at step {step.index + 1}"
    work.say(f"{outcome.replace('_', ' ')}{where}: {reason}")
    for command in next_commands(work, state):
        work.say(f"  {command}")
    return state.ended(outcome)


def _failed_event(work: Work, record: Mapping[str, Any]) -> None:
    timeout = "idle" if record["idleTimeoutTriggered"] else "wall" if record["wallTimeoutTriggered"] else None
    failed = ATTEMPT_FAILED(
        {
            **common(record),
            "durationSeconds": record["wallClockSeconds"] or 0.0,
            "timeoutReason": timeout,
            "outcome": record["outcome"],
            "exitCode": record["exitCode"],
            "signal": record["signal"],
            "summary": record["failureSummary"],
        }
    )
    _tell(work, record, failed)


def _tell(work: Work, record: Mapping[str, Any], event: Event) -> None:
    """The event that ends an attempt, with its metrics: both once."""
    if work.has_told(event.name, {"stepIndex": record["stepIndex"], "attempt": record["attempt"]}):
        return
    work.tell(event, durable=True)
    work.count(attempt_metrics(_end_of(work, record), work.redactor))


def _end_of(work: Work, record: Mapping[str, Any]) -> AttemptEnd:
    """What metrics count of an attempt. A success that followed a failure, a rebuild or an operator is a recovery."""
    before = read_attempt(work.run.directory, record["stepIndex"], record["attempt"] - 1)
    success = record["outcome"] == "success"
    timeout = "idle" if record["idleTimeoutTriggered"] else "wall" if record["wallTimeoutTriggered"] else None
    led = record["startedBy"] if record["startedBy"] != "first" else None
    return AttemptEnd(
        step=record["stepId"],
        attempt=record["attempt"],
        outcome=record["outcome"],
        duration=record["wallClockSeconds"] or 0.0,
        failure_class=record["failureClass"],
        recovered_from=before["failureClass"] if success and before is not None else None,
        strategy=led if success else record["strategy"],
        timeout=timeout,  # type: ignore[arg-type]
        recovered=success and led is not None,
        exhausted=record["outcome"] in _ENDS,
        no_progress=record["failureClass"] == "stuck_no_progress",
    )
