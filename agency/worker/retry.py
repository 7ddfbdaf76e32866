"""The retry context: what the next attempt is told of the one before, instead of its transcript."""

import os
from collections.abc import Mapping
from typing import Any

from agency.domain.control import Command
from agency.domain.retrycontext import RetryContext
from agency.store.jobs import read_attempt
from agency.store.records import write_file
from agency.worker.work import Work

FILE = ".agency/retry-context.md"


def context_after(
    work: Work, record: Mapping[str, Any], *, discarded: str | None, message: str | None = None
) -> dict[str, Any]:
    """The context of the attempt that follows the one of ``record``. ``discarded`` is where the files of that one are kept when
    the worktree is rebuilt, None when they are still there; ``message`` is what an operator says."""
    step = work.job.steps[record["stepIndex"]]
    context = RetryContext(
        objective=work.redactor.text(work.job.objective),
        step_id=step.step_id,
        step_index=step.index,
        title=step.title,
        instructions=work.redactor.text(step.instructions),
        attempt=record["attempt"] + 1,
        max_attempts=max(work.job.budgets.max_attempts, record["attempt"] + 1),
        failure_summary=record["failureSummary"] or "",
        failure_signature=record["failureSignatureHash"],
        last_command=record.get("lastCommand"),
        changed_files=tuple(record["changedFiles"]),
        diff_hash=record["diffHash"],
        archive=discarded,
        operator_message=work.redactor.text(message) if message is not None else None,
    )
    return {"record": context.as_record(), "markdown": context.as_markdown()}


def operator_context(work: Work, command: Command) -> dict[str, Any] | None:
    """The context of an attempt that an operator asked for: of the last attempt at its step, with what they said."""
    index = (
        command.step_index if command.step_index is not None else min(work.state.step_index, len(work.job.steps) - 1)
    )
    attempt = work.state.steps[index].attempts
    record = read_attempt(work.run.directory, index, attempt) if attempt else None
    if record is None:
        return None
    return context_after(work, record, discarded=None, message=command.reason)


def write_context(work: Work) -> None:
    """Leave the context in the worktree for the attempt that is about to begin; none where there is nothing to tell."""
    path = f"{work.run.worktree}/{FILE}"
    context = work.state.context
    if context is None:
        if os.path.lexists(path):
            os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_file(path, str(context["markdown"]).encode("utf-8", "replace"), durable=False)
