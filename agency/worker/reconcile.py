"""What a worker before this one left: its attempt is judged by what it wrote down, or counts as lost."""

import time

from agency.domain.events import ATTEMPT_STARTED
from agency.domain.healing import LONGEST_RETRY_AFTER
from agency.store.eventlog import now
from agency.store.jobs import discard_half_written, read_attempt
from agency.store.steps import read_step
from agency.worker.attempt import end_processes_of_attempt
from agency.worker.container import tell_of_containers
from agency.worker.records import begun_record
from agency.worker.settle import settle
from agency.worker.trees import clear_stale_locks
from agency.worker.work import Work


def reconcile(work: Work) -> None:
    """Bring state, records and events in line, and end what is left of the runner of the worker before.

    Raises E_KILL_FAILED when a process of it outlives that.
    """
    discard_half_written(work.run.directory)
    tell_of_containers(work)
    end_processes_of_attempt(work, None)
    clear_stale_locks(work)
    if work.state.due_at is not None:
        left = min(max(0.0, work.state.due_at - time.time()), LONGEST_RETRY_AFTER)
        work.due = time.monotonic() + left
    running = work.state.running
    if running is None:
        return
    record = read_attempt(work.run.directory, work.step.index, running.attempt) or begun_record(work)
    if record["outcome"] == "running":
        saved = read_step(work.run.directory, work.step.index)
        if saved is not None and (saved.attempt, saved.job_attempt) == (running.attempt, work.state.job_attempt):
            record |= {"outcome": "success", "finishedAt": now()}
        else:
            spawned = work.has_told(ATTEMPT_STARTED.name, {"stepIndex": work.step.index, "attempt": running.attempt})
            summary = "its worker ended" if spawned else "its worker ended before it began"
            record |= {
                "outcome": "lost",
                "failureClass": "transient_runtime",
                "failureSummary": summary,
                "strategy": "soft_reset",
                "finishedAt": now(),
            }
        work.keep_attempt(record)
    settle(work, record)
