"""The records of the job of a headless run: the job itself, how far it is, and its attempts.

Only the worker writes the state and the attempts, one at a time (:func:`worker_lock`).
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from agency.domain.job import Job, job_from_record
from agency.domain.jobstate import JobState, record_of_state, state_from_record
from agency.store.jobfiles import attempt_record
from agency.store.pidlock import pid_lock
from agency.store.records import (
    discard_leftovers,
    discard_leftovers_in,
    make_directory,
    read_record,
    write_record,
)


def job_path(directory: str) -> str:
    """Where the job of the run stands whose record is in ``directory``."""
    return f"{directory}/job.json"


def read_job(directory: str) -> Job | None:
    """The job of a run, None for an interactive one and where the record cannot be read."""
    try:
        return job_from_record(read_record(job_path(directory)))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_state(directory: str) -> JobState | None:
    """How far the job of a run is, None while no worker has begun."""
    try:
        return state_from_record(read_record(_state_path(directory)))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_state(directory: str, state: JobState) -> None:
    """Keep how far the job is, durably."""
    make_directory(f"{directory}/state")
    write_record(_state_path(directory), record_of_state(state))


def write_attempt(directory: str, record: Mapping[str, Any]) -> None:
    """Keep the record of an attempt, durably."""
    make_directory(f"{directory}/state/self_heal")
    write_record(attempt_record(directory, record["stepIndex"], record["attempt"]), record)


def read_attempt(directory: str, step_index: int, attempt: int) -> dict[str, Any] | None:
    """The record of an attempt, None where there is none that can be read."""
    try:
        record = read_record(attempt_record(directory, step_index, attempt))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def list_attempts(directory: str) -> list[dict[str, Any]]:
    """The records of all attempts, in the order of steps and attempts."""
    place = f"{directory}/state/self_heal"
    try:
        names = sorted(os.listdir(place))
    except OSError:
        return []
    attempts = []
    for name in names:
        if name.startswith("attempt-") and name.endswith(".json"):
            try:
                record = read_record(f"{place}/{name}")
            except (OSError, ValueError):
                continue
            if isinstance(record, dict):
                attempts.append(record)
    return attempts


def write_recovery(directory: str, record: Mapping[str, Any]) -> None:
    """Keep what can be done about a job that ended badly, durably, before it ends."""
    write_record(f"{directory}/recovery.json", record)


def read_recovery(directory: str) -> dict[str, Any] | None:
    """What was kept before the job ended badly the last time, None where it never did."""
    try:
        record = read_record(f"{directory}/recovery.json")
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def attempt_log(directory: str, step_index: int, attempt: int) -> str:
    """Where the output of an attempt is kept."""
    return f"{directory}/logs/attempt-{step_index:04d}-{attempt:04d}.log"


def worker_lock(directory: str) -> AbstractContextManager[int | None]:
    """Holds what makes this process the one worker of the run: see :func:`pid_lock`."""
    return pid_lock(f"{directory}/worker.lock", what="the worker", command="worker")


def discard_half_written(directory: str) -> None:
    """Remove what a killed worker left half-written."""
    for path in (_state_path(directory), f"{directory}/recovery.json", job_path(directory)):
        discard_leftovers(path)
    discard_leftovers_in(f"{directory}/state/self_heal")


def _state_path(directory: str) -> str:
    return f"{directory}/state/job.json"
