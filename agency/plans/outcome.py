"""What follows when something under way has come to an end: the rules of :mod:`agency.domain.planrules`, told and kept."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agency.domain.jobprogress import fold_job
from agency.domain.planevents import (
    ACCESS_REQUESTED,
    BLAST_RADIUS,
    COMPLIANCE_BLOCK,
    COMPLIANCE_PASS,
    COMPLIANCE_SKIP,
    COMPLIANCE_WARN,
    PLAN_TASK_COMPLETE,
    PLAN_TASK_FAILED,
    RESCOPE_FAILED,
    RESCOPE_START,
    RESCOPE_UPDATED,
    REVIEW_ASKED,
    TASK_COMMIT,
    TASK_RESET,
)
from agency.domain.planrules import after_failure, after_violations, checked, merged, reviewed
from agency.domain.planstate import (
    CHECKING,
    DISPATCHING,
    FAILED,
    PENDING,
    RESCOPE,
    REVIEW,
    RUNNING,
    VALIDATED,
    VALIDATING,
    TaskState,
    access_from,
)
from agency.domain.run import Run
from agency.plans.deed import Result
from agency.plans.ledger import note_completed
from agency.plans.spending import count_spendings
from agency.store.runs import log_of

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor

_COMPLIANCE = {
    "skip": COMPLIANCE_SKIP,
    "pass": COMPLIANCE_PASS,
    "warn": COMPLIANCE_WARN,
    "block": COMPLIANCE_BLOCK,
}
_UNFIT = frozenset(
    {
        "E_CONSENT_REQUIRED",
        "E_INVALID_CONFIG",
        "E_RUNNER_NOT_CONFIGURED",
        "E_RUNNER_NOT_FOUND",
        "E_ISOLATION_UNSUPPORTED",
    }
)
"""Errors of making a run that another try would meet again."""


_TOLD = 200
"""Characters of a reason that a person is told on one line; all of it is in the events."""


def after_job(conductor: "Conductor", task_id: str, run: Run, how: str) -> None:
    """The job of a task's run has ended."""
    task = conductor.state.tasks[task_id]
    if how == "done":
        conductor.put(task_id, checked(task))
        return
    count_spendings(conductor)  # nothing is counted any more once it is sent back
    task = conductor.state.tasks[task_id]
    if task.status != RUNNING:
        return
    reason = fold_job(log_of(run).read()).reason or f"its job ended: {how.replace('_', ' ')}"
    fail(conductor, task_id, task.with_dispatch(outcome=how), reason)


def fail(conductor: "Conductor", task_id: str, task: TaskState, reason: str) -> None:
    """The run of a task came to nothing."""
    settle(conductor, task_id, after_failure(task, conductor.plan.settings, reason, time.time()))


def after_failed_dispatch(conductor: "Conductor", task_id: str, result: Result) -> None:
    """A run could not be made. What another try would meet again needs a person."""
    task = conductor.state.tasks[task_id]
    error = result.error
    assert error is not None
    if task.phase != DISPATCHING or error.code == "E_INTERRUPTED":
        return
    told = f"{error.code}: {error.message}"
    conductor.tell(f"task {task_id}: {told}")
    if error.code in _UNFIT:
        ended = task.with_dispatch(outcome="failed")
        settle(conductor, task_id, reviewed(ended, "dispatch", f"{told}; {error.hint}" if error.hint else told))
        return
    fail(conductor, task_id, task.with_dispatch(outcome="failed"), told)


def settle(conductor: "Conductor", task_id: str, after: TaskState, *, report: str | None = None) -> None:
    """Tell what became of a task that went no further, and keep it. The run of one that will get another is put away."""
    reason = after.reason or ""
    attempts = len(after.dispatches)
    if after.status == PENDING:
        conductor.log(TASK_RESET({"reason": reason}), task_id)
    elif after.status == FAILED:
        conductor.log(PLAN_TASK_FAILED({"attempts": attempts, "message": reason}), task_id, durable=True)
    elif after.status in (REVIEW, RESCOPE) and after.review is not None:
        where = {"report_path": report} if report is not None else {}
        asked = {"by": after.review.by, "reason": reason, **where}
        conductor.log(REVIEW_ASKED(asked), task_id, durable=True)  # type: ignore[arg-type]
    conductor.put(task_id, after)
    if after.status == PENDING:
        conductor.tell(f"task {task_id} will be tried again: {_short(reason)}")
        conductor.untidy = True
    elif after.status in (FAILED, REVIEW, RESCOPE):
        conductor.tell(f"task {task_id} needs a person: {_short(reason)}")


def after_finish(conductor: "Conductor", task_id: str, result: Result) -> None:
    """The work of a task is one commit, and was measured."""
    task = conductor.state.tasks[task_id]
    if task.status != RUNNING or task.phase != CHECKING:
        return
    if result.told is None:
        error = result.error
        assert error is not None
        if error.code != "E_INTERRUPTED" and not result.died:
            settle(conductor, task_id, reviewed(task, "finish", f"{error.code}: {error.message}"))
        return
    told = result.told
    task = replace(task, commit=told["commit"], base=told["base"])
    if told["commit"] is not None:
        conductor.log(TASK_COMMIT({"sha": told["commit"], "base": told["base"]}), task_id)
    if told.get("reach") is not None:
        conductor.log(BLAST_RADIUS(told["reach"]), task_id)
    _tell_compliance(conductor, task_id, told)
    if told["commit"] is None:
        complete(conductor, task_id, task, None)
    elif told["status"] == "block":
        _rescope(conductor, task_id, task, told)
    else:
        conductor.put(task_id, replace(task, phase=VALIDATING))


def complete(conductor: "Conductor", task_id: str, task: TaskState, commit: str | None) -> None:
    """The work of a task is in the branch."""
    more = {"merge_commit": commit} if commit is not None else {}
    told = {"attempts": len(task.dispatches), **more}
    conductor.log_once(PLAN_TASK_COMPLETE(told), task_id=task_id)  # type: ignore[arg-type]
    note_completed(conductor, task_id, commit)
    validated = task if task.status == VALIDATED else task.moved(VALIDATED)
    conductor.put(task_id, merged(validated, commit))
    conductor.tell(f"task {task_id} is complete")
    conductor.untidy = True


def _tell_compliance(conductor: "Conductor", task_id: str, told: Mapping[str, Any]) -> None:
    policy = told["policy"]
    data = {
        "policy": policy,
        "status": told["status"],
        "report_path": told["report"],
        "changed_files": told["changed"],
        "violations": told["violations"],
    }
    conductor.log(_COMPLIANCE[told["status"]](data), task_id)  # type: ignore[arg-type]
    for one in told["violations"]:
        asked = {
            "file": one["path"],
            "resources": one["resources"],
            "reasons": one["reasons"],
            "policy": policy,
            "report_path": told["report"],
        }
        conductor.log(ACCESS_REQUESTED(asked), task_id)  # type: ignore[arg-type]


def _rescope(conductor: "Conductor", task_id: str, task: TaskState, told: Mapping[str, Any]) -> None:
    more = (access_from(told["locks"]), access_from(told["files"])) if told["locks"] is not None else None
    names = [one["path"] for one in told["violations"]]
    added = {
        "added_locks": sorted(set(more[0].writes) - set(task.locks.writes)) if more is not None else [],
        "added_files": sorted(set(more[1].writes) - set(task.files.writes)) if more is not None else [],
        "report_path": told["report"],
    }
    conductor.log(RESCOPE_START(added), task_id)  # type: ignore[arg-type]
    after = after_violations(task, conductor.plan.settings, more, told["report"], names)
    if after.status == PENDING:
        conductor.log(RESCOPE_UPDATED(added), task_id)  # type: ignore[arg-type]
    else:
        conductor.log(RESCOPE_FAILED({"reason": after.reason or ""}), task_id)
    settle(conductor, task_id, after, report=told["report"])


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _TOLD else f"{flat[: _TOLD - 3]}..."
