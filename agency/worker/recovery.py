"""``recovery.json``: what can be done about a job that ends badly, written before it does."""

from collections.abc import Mapping
from typing import Any

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.jobstate import JobState
from agency.domain.recovery import Left, prospects_of
from agency.runners.resolve import resolve_runner
from agency.sessions.place import config_root, require_repo_of
from agency.sessions.worktree import is_connected
from agency.store.eventlog import now
from agency.tools.git.command import Git
from agency.worker.chain import verify_chain
from agency.worker.records import SCHEMA_VERSION
from agency.worker.thread import thread_to_go_on_with
from agency.worker.work import Work


def recovery_record(
    work: Work, state: JobState, *, outcome: str, reason: str, retryable: bool, last_good: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The record: the last good step, whether the job may be resumed and its worktree rebuilt, why not, and what a person can
    do."""
    step = work.job.steps[min(state.step_index, len(work.job.steps) - 1)]
    prospects = prospects_of(_left(work, state, outcome))
    return {
        "schemaVersion": SCHEMA_VERSION,
        "outcome": outcome,
        "reason": reason,
        "stepId": step.step_id,
        "stepIndex": step.index,
        "attempts": state.steps[step.index].attempts,
        "lastGoodStep": dict(last_good) if last_good is not None else None,
        "resumeAllowed": prospects.no_resume is None,
        "sameThread": prospects.same_thread,
        "rebuildAllowed": prospects.no_rebuild is None,
        "rebuildBlockedReason": prospects.no_rebuild,
        "retryable": retryable,
        "blockedReason": prospects.no_resume or (None if retryable else reason),
        "resetsUsed": state.resets_used,
        "next": next_commands(work, state),
        "at": now(),
    }


def next_commands(work: Work, state: JobState) -> tuple[str, ...]:
    """What a person may type when the job of a run has stopped: at a step, or with all steps accepted and the work still here."""
    name = work.run.name
    if state.step_index >= len(work.job.steps):
        return (f"agency diff {name}", f"agency resume {name}", f"agency {work.job.publish} {name}")
    commands = (
        f"agency attempts {name}",
        f"agency retry-step {name}",
        f"agency hard-reset {name}",
        f"agency takeover {name}",
    )
    return (*commands, f"agency resume-from {name} --step '#1'") if state.step_index > 0 else commands


def _left(work: Work, state: JobState, outcome: str) -> Left:
    thread, runner_fault = _thread(work)
    return Left(
        outcome=outcome,
        worktree=_has_worktree(work),
        thread=thread,
        records_fault=_chain_fault(work, state, patches=False),
        patches_fault=_chain_fault(work, state, patches=True),
        runner_fault=runner_fault,
    )


def _has_worktree(work: Work) -> bool:
    try:
        return is_connected(work.run, require_repo_of(work.context, work.run))
    except AgencyError:
        return False


def _chain_fault(work: Work, state: JobState, *, patches: bool) -> str | None:
    """What is wrong with the checkpoints of the steps before the current one."""
    try:
        git = Git(environ=work.context.environ, git_dir=require_repo_of(work.context, work.run).git_dir)
        verify_chain(work.run, git, state.step_index, patches=patches)
    except AgencyError as error:
        return error.message
    return None


def _thread(work: Work) -> tuple[bool, str | None]:
    """Whether the next attempt would go on in the conversation that is there, and why the runner cannot be started."""
    context, run = work.context, work.run
    try:
        settings = load_settings(config_root(context, run), context.paths.config)
        runner = resolve_runner(settings, run.runner, context.environ, directory=run.worktree, extra=run.runner_args)
    except AgencyError as error:
        return False, f"its runner cannot be started: {error.message}"
    return thread_to_go_on_with(work, runner)[0] is not None, None
