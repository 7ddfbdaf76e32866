"""The ledger of a repo: a small record for each task of each plan that was completed, so that none can damage another."""

import os

from agency.domain.errors import AgencyError
from agency.domain.ids import RepoId
from agency.domain.ledger import LedgerEntry, entry_from_record, record_of_entry
from agency.store.paths import Paths
from agency.store.records import make_directory, read_record, write_record


def ledger_directory(paths: Paths, repo_id: RepoId) -> str:
    """Where the ledger is."""
    return f"{paths.plans(repo_id)}/ledger"


def entry_path(paths: Paths, repo_id: RepoId, plan: str, task_id: str) -> str:
    """Where the entry of a task is."""
    return f"{ledger_directory(paths, repo_id)}/{plan}/{task_id}.json"


def write_entry(paths: Paths, repo_id: RepoId, entry: LedgerEntry) -> None:
    """Keep what was completed, in place of what was known of the task. Raises E_DISK_FULL or E_STORE_FAILED."""
    path = entry_path(paths, repo_id, entry.plan, entry.task_id)
    make_directory(os.path.dirname(path))
    write_record(path, record_of_entry(entry))


def read_entry(paths: Paths, repo_id: RepoId, plan: str, task_id: str) -> LedgerEntry | None:
    """What is known of a task, None when nothing is. Raises E_STORE_FAILED when that cannot be read."""
    path = entry_path(paths, repo_id, plan, task_id)
    try:
        return entry_from_record(read_record(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AgencyError(
            "E_STORE_FAILED",
            f"what the ledger says of task {task_id} of plan {plan} cannot be read: {error}",
            hint=f"rm {path}; the task then counts as not done",
            record=path,
        ) from error


def list_entries(paths: Paths, repo_id: RepoId) -> list[tuple[str, str]]:
    """The plan and task of every entry, readable or not."""
    place = ledger_directory(paths, repo_id)
    found = []
    for plan in _names(place):
        names = [name for name in _names(f"{place}/{plan}") if name.endswith(".json")]
        found += [(plan, name.removesuffix(".json")) for name in names]
    return found


def _names(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return []
