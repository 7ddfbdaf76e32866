"""The worker at its job: step after step, attempt after attempt, until all is accepted or a person is needed."""

import time

from agency.domain.errors import AgencyError
from agency.domain.events import ATTEMPT_STARTED, STEP_STARTED, TASK_STEPS_PLAN
from agency.worker.attempt import ready_runner, run_attempt
from agency.worker.bootstrap import bootstrap, is_to_be_bootstrapped
from agency.worker.controls import Controls
from agency.worker.ended import Ended
from agency.worker.judge import judge
from agency.worker.operators import let_operators_in
from agency.worker.publish import publish
from agency.worker.reconcile import reconcile
from agency.worker.records import begun_record, common, data_of_step
from agency.worker.reset import reset_worktree
from agency.worker.retry import write_context
from agency.worker.settle import end_job, settle
from agency.worker.trees import clear_stale_locks, tree_of
from agency.worker.work import Work

_TICK = 0.1


def drive(work: Work, controls: Controls) -> str:
    """Do the job from where it is; how that ended: ``done``, ``needs_attention`` or ``failed``.

    What a worker before this one left half-done is finished or undone first.
    """
    if work.state.outcome == "done" and controls.look().pending is None:
        return "done"
    if work.state.outcome is not None:
        work.save(work.state.taken_up())
    reconcile(work)
    ids = [step.step_id for step in work.job.steps]
    work.tell_once(TASK_STEPS_PLAN({"stepCount": len(ids), "stepIds": ids}), "stepCount")
    while work.state.outcome is None:
        let_operators_in(work, controls)
        if work.state.reset is not None:
            try:
                reset_worktree(work, controls)
            except AgencyError as error:
                reason = f"the worktree could not be rebuilt: {error.message}"
                end_job(work, outcome="needs_attention", reason=reason, retryable=False)
        elif work.state.step_index >= len(work.job.steps):
            publish(work, controls)
        elif is_to_be_bootstrapped(work):
            bootstrap(work, controls)
        elif not _wait(work, controls):
            _attempt(work, controls)
    return work.state.outcome


def _attempt(work: Work, controls: Controls) -> None:
    """One attempt at the current step, and what follows from it."""
    step = work.step
    if work.state.step.attempts == 0:
        work.tell_once(STEP_STARTED(data_of_step(step, work.run.runner, attempt=1)), "stepIndex")
    work.save(work.state.begun())
    running = work.state.running
    assert running is not None
    work.thread_told = None
    record = begun_record(work)
    work.keep_attempt(record)
    write_context(work)
    started = {"runner": work.run.runner, "startedBy": running.started_by, "jobAttempt": work.state.job_attempt}
    work.tell(ATTEMPT_STARTED({**common(record), **started}), durable=True)  # type: ignore[typeddict-item]
    work.say(_headline(work))
    try:
        runner, settings = ready_runner(work)
    except AgencyError as error:
        settle(work, judge(work, record, Ended(refused=error)))
        return
    ended = run_attempt(work, runner, settings, controls.interrupts, before=tree_of(work))
    clear_stale_locks(work)
    settle(work, judge(work, record, ended, rules=settings.failure_rules))


def _headline(work: Work) -> str:
    step, state, budgets = work.step, work.state, work.job.budgets
    named = f"step {step.index + 1}/{len(work.job.steps)} {step.title or step.step_id}"
    left = f"attempt {state.step.consumed + 1} of {budgets.max_attempts}, resets {state.resets_used} of {budgets.max_resets}"
    limits = (("timeout", work.budgets.timeout_seconds), ("idle timeout", work.budgets.idle_timeout_seconds))
    times = [f"{name} {limit:g}s" for name, limit in limits if limit]
    return " | ".join((named, left, *times))


def _wait(work: Work, controls: Controls) -> bool:
    """Wait until the next attempt is due; True when an operator has a word before that."""
    while (left := work.due - time.monotonic()) > 0:
        standing = controls.look()
        if standing.held is not None or standing.pending is not None or controls.interrupts() is not None:
            return True
        time.sleep(min(_TICK, left))
    return False
