"""The records of plans that were cleaned. They wait in a trash beside the others, until ``agency gc`` lets go of them.

``clean.json`` in the record of a plan tells of its cleaning: it is written before anything is done, and has a
``finished_at`` once everything is.
"""

import os
from collections.abc import Mapping
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.ids import PlanId, RepoId, is_run_id
from agency.store.failures import told_plainly
from agency.store.paths import Paths
from agency.store.plans import plan_directory
from agency.store.records import discard, make_directory, move_directory, read_record, write_record

_GONE = ".new-"
"""Before the id of a plan in the name of a directory whose removal has begun."""


def trash_of_plans(paths: Paths, repo_id: RepoId) -> str:
    """Where the records of cleaned plans are."""
    return f"{paths.plans(repo_id)}/.trash"


def trashed_directory(paths: Paths, repo_id: RepoId, plan_id: PlanId) -> str:
    """Where the record of a cleaned plan stands."""
    return f"{trash_of_plans(paths, repo_id)}/{plan_id}"


def list_trashed(paths: Paths, repo_id: RepoId) -> list[PlanId]:
    """Every plan in the trash, oldest first."""
    try:
        names = os.listdir(trash_of_plans(paths, repo_id))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(PlanId(name) for name in names if is_run_id(name))


def read_cleaning(directory: str) -> dict[str, Any] | None:
    """What is told of the cleaning of a plan, None when none was begun. Raises E_STORE_FAILED when it cannot be read."""
    path = f"{directory}/clean.json"
    try:
        record = read_record(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise AgencyError(
            "E_STORE_FAILED", f"how far a plan is cleaned cannot be read: {error}", hint=f"look at {path}", record=path
        ) from error
    return record if isinstance(record, dict) else {}


def write_cleaning(directory: str, record: Mapping[str, Any]) -> None:
    """Tell of the cleaning of a plan, durably. Raises E_DISK_FULL or E_STORE_FAILED."""
    write_record(f"{directory}/clean.json", record)


def forget_cleaning(directory: str) -> None:
    """Tell no longer of it: the plan is as it was."""
    with told_plainly("removing a record", directory):
        discard(f"{directory}/clean.json")


def move_to_trash(paths: Paths, repo_id: RepoId, plan_id: PlanId) -> str:
    """Move the record of a plan into the trash; where it stands then. Hold the repo lock."""
    make_directory(trash_of_plans(paths, repo_id))
    target = trashed_directory(paths, repo_id, plan_id)
    move_directory(plan_directory(paths, repo_id, plan_id), target)
    return target


def move_from_trash(paths: Paths, repo_id: RepoId, plan_id: PlanId) -> str:
    """Move it back; where it stands then. Hold the repo lock."""
    target = plan_directory(paths, repo_id, plan_id)
    move_directory(trashed_directory(paths, repo_id, plan_id), target)
    return target


def remove_plan_record(directory: str) -> None:
    """Remove the record of a plan for good; it disappears as a whole. Hold the repo lock."""
    import shutil

    place, _, name = directory.rpartition("/")
    hidden = f"{place}/{_GONE}{name}"
    with told_plainly("removing a record", directory):
        os.rename(directory, hidden)
    shutil.rmtree(hidden, ignore_errors=True)
