"""The records of plans that are or were carried out: what was asked for, how far it is, who drives it.

``plan.json`` is written once, ``state.json`` by the conductor alone, one at a time (:func:`conductor_lock`).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.eventkind import Event
from agency.domain.ids import PlanId, RepoId, is_run_id
from agency.domain.planstate import PlanState, plan_state_from_record, record_of_plan_state
from agency.store.eventlog import EventLog
from agency.store.paths import Paths
from agency.store.pidlock import pid_lock, pid_lock_holder
from agency.store.records import (
    discard_leftovers_in,
    make_directory,
    move_directory,
    patch_record,
    read_record,
    write_record,
)
from agency.store.runs import HIDDEN, sweep_hidden

_FILES = ("reports", "logs")


def plan_directory(paths: Paths, repo_id: RepoId, plan_id: PlanId) -> str:
    """Where the record of a plan stands."""
    return f"{paths.plans(repo_id)}/{plan_id}"


def list_plans(paths: Paths, repo_id: RepoId) -> list[PlanId]:
    """Every plan of a repo that was begun, oldest first."""
    try:
        names = os.listdir(paths.plans(repo_id))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(PlanId(name) for name in names if is_run_id(name))


def create_plan(
    paths: Paths, repo_id: RepoId, plan_id: PlanId, *, record: Mapping[str, Any], state: PlanState, begun: Event
) -> str:
    """Make the record of a plan, its first event in it, so that it appears as a whole or not at all; its directory.

    Hold the repo lock. Raises E_DISK_FULL or E_STORE_FAILED and leaves nothing.
    """
    place = paths.plans(repo_id)
    make_directory(place)
    sweep_hidden(place)
    unborn = f"{place}/{HIDDEN}{plan_id}"
    directory = plan_directory(paths, repo_id, plan_id)
    try:
        make_directory(unborn)
        for name in _FILES:
            make_directory(f"{unborn}/{name}")
        write_record(f"{unborn}/plan.json", record)
        write_state(unborn, state)
        EventLog(directory=unborn, repo_id=repo_id, plan_id=plan_id).append(begun, durable=True)
        move_directory(unborn, directory)
    except BaseException:
        sweep_hidden(place)
        raise
    return directory


def read_plan(directory: str) -> dict[str, Any]:
    """The ``plan.json`` of a plan. Raises E_PLAN_NOT_FOUND when it cannot be read."""
    try:
        record = read_record(f"{directory}/plan.json")
        if isinstance(record, dict):
            return record
        reason = "it is not a JSON object"
    except (OSError, ValueError) as error:
        reason = str(error)
    raise AgencyError(
        "E_PLAN_NOT_FOUND",
        f"the record of the plan cannot be read: {reason}",
        hint="agency plan runs",
        record=f"{directory}/plan.json",
    )


def read_plan_state(directory: str) -> PlanState:
    """How far a plan is. Raises E_STORE_FAILED when that cannot be read."""
    path = f"{directory}/state.json"
    try:
        return plan_state_from_record(read_record(path))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AgencyError(
            "E_STORE_FAILED",
            f"how far the plan is cannot be read: {type(error).__name__}: {error}",
            hint=f"look at {path}; agency plan clean puts the plan away",
            record=path,
        ) from error


def write_state(directory: str, state: PlanState) -> None:
    """Keep how far a plan is, durably. Raises E_DISK_FULL or E_STORE_FAILED."""
    write_record(f"{directory}/state.json", record_of_plan_state(state))


def log_of_plan(directory: str, repo_id: RepoId, plan_id: PlanId) -> EventLog:
    """The event log of a plan."""
    return EventLog(directory=directory, repo_id=repo_id, plan_id=plan_id)


@contextmanager
def conductor_lock(directory: str, command: str) -> Iterator[int | None]:
    """The descriptor of the lock when this process is the one conductor of the plan for as long as the block lasts, else None:
    see :func:`pid_lock`."""
    with pid_lock(_lock_path(directory), what="the conductor", command=command) as fd:
        if fd is not None:
            discard_leftovers_in(directory)
        yield fd


def conductor_of(directory: str) -> int | None:
    """The process id of the conductor that drives the plan now (0: it does not say yet), None when none does."""
    return pid_lock_holder(_lock_path(directory))


def _lock_path(directory: str) -> str:
    return f"{directory}/conductor.lock"


def write_plan(directory: str, patch: Mapping[str, Any]) -> None:
    """Apply a merge patch to the ``plan.json`` of a plan. Raises E_DISK_FULL or E_STORE_FAILED."""
    patch_record(f"{directory}/plan.json", patch)
