"""The evidence of the last verify of a run: ``verify_record.json`` beside its record."""

from collections.abc import Mapping
from typing import Any

from agency.domain.run import Run
from agency.store.records import read_record, write_record


def verify_record_path(run: Run) -> str:
    """Where the evidence stands."""
    return f"{run.directory}/verify_record.json"


def write_verify_record(run: Run, record: Mapping[str, Any]) -> None:
    """Replace the evidence. Raises E_DISK_FULL or E_STORE_FAILED."""
    write_record(verify_record_path(run), record)


def read_verify_record(run: Run) -> dict[str, Any] | None:
    """The evidence, or None when there is none that can be read."""
    try:
        record = read_record(verify_record_path(run))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
