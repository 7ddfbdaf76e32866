"""Waiting for the end of the job of a headless run."""

import time

from agency.domain.frozen import frozen
from agency.domain.jobprogress import fold_job
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.find import require_run
from agency.sessions.observe import observe
from agency.store.runs import log_of

_POLL = 0.2


@frozen
class JobEnd:
    """How a job ended: ``outcome`` is ``done``, ``needs_attention``, ``failed``, or ``lost`` when its worker is gone without a
    word; ``status`` is that of the run, ``reason`` why, where it did not go well."""

    outcome: str
    status: str
    reason: str


def wait_for_outcome(context: Context, run: Run) -> JobEnd:
    """Wait until the worker of the run has ended, and tell how the job stands then. A run that was landed counts as done."""
    while True:
        seen = observe(context, run)
        if not seen.facts.runner_alive and not seen.facts.operation_alive:
            break
        time.sleep(_POLL)
    if not log_of(run).read():  # landed and archived
        run = require_run(context, run.run_id, archived="yes")
        seen = observe(context, run)
    progress = fold_job(log_of(run).read())
    outcome = "done" if run.merged_at is not None else progress.outcome or "lost"
    return JobEnd(outcome=outcome, status=seen.verdict.status, reason=progress.reason or seen.verdict.summary)
