"""The steps and attempts of the job of a headless run, for those who look. Nothing is written."""

from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.isolation import record_of_isolation
from agency.domain.job import Job
from agency.domain.run import Run
from agency.store.jobs import list_attempts, read_job, read_recovery, read_state


def require_job(run: Run) -> Job:
    """The job of a run. Raises E_NO_JOB for an interactive one."""
    job = read_job(run.directory)
    if job is None:
        raise AgencyError(
            "E_NO_JOB",
            f"{run.name} is interactive and has no job",
            hint=f"agency show {run.name}",
            run_id=run.run_id,
        )
    return job


def describe_steps(run: Run) -> dict[str, Any]:
    """The job and its steps: what each is, whether it is ``accepted``, ``current`` or ``to do``, and how many attempts it
    took."""
    job, state = require_job(run), read_state(run.directory)
    current = state.step_index if state is not None else 0
    steps = []
    for step in job.steps:
        of_step = state.steps[step.index] if state is not None else None
        accepted = of_step is not None and of_step.accepted
        steps.append(
            {
                "index": step.index,
                "id": step.step_id,
                "title": step.title,
                "state": "accepted" if accepted else "current" if step.index == current else "to do",
                "attempts": of_step.attempts if of_step is not None else 0,
                "consumed": of_step.consumed if of_step is not None else 0,
                "check": list(step.check),
                "checks": [{"name": check.name, "line": check.line} for check in step.every_check],
            }
        )
    return {
        "objective": job.objective,
        "publish": job.publish,
        "outcome": state.outcome if state is not None else None,
        "job_attempt": state.job_attempt if state is not None else 0,
        "resets_used": state.resets_used if state is not None else 0,
        "budgets": job.budgets.as_record(),
        "budget_origins": dict(job.origins),
        "isolation": record_of_isolation(job.isolation),
        "steps": steps,
        "recovery": _recovery(run) if state is not None and state.outcome not in (None, "done") else None,
    }


def _recovery(run: Run) -> dict[str, Any] | None:
    """What may be done with a job that ended badly, as it was judged then."""
    record = read_recovery(run.directory)
    if record is None:
        return None
    return {
        "reason": record.get("reason"),
        "resume_allowed": record.get("resumeAllowed"),
        "blocked_reason": record.get("blockedReason"),
        "same_thread": record.get("sameThread"),
        "rebuild_allowed": record.get("rebuildAllowed"),
        "rebuild_blocked_reason": record.get("rebuildBlockedReason"),
        "next": record.get("next"),
    }


def describe_attempts(run: Run) -> list[dict[str, Any]]:
    """The records of all attempts. Raises E_NO_JOB."""
    require_job(run)
    return list_attempts(run.directory)
