"""The records of the hard resets of a run."""

import os
import re

from agency.domain.reset import Reset, record_of_reset, reset_from_record
from agency.store.jobfiles import inside, reset_record
from agency.store.records import make_directory, read_record, write_record

_NAME = re.compile(r"reset-(\d{4,})\.json")


def write_reset(directory: str, reset: Reset) -> None:
    """Write down how far a hard reset is, durably. Raises E_DISK_FULL or E_STORE_FAILED."""
    path = reset_record(directory, reset.number)
    make_directory(os.path.dirname(path))
    write_record(path, record_of_reset(reset))


def last_reset(directory: str) -> Reset | None:
    """The last hard reset of a run, or None when there was none, or its record cannot be used."""
    numbers = reset_numbers(directory)
    try:
        return reset_from_record(read_record(reset_record(directory, numbers[-1]))) if numbers else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def reset_numbers(directory: str) -> list[int]:
    """The numbers of all hard resets of a run, in order."""
    try:
        names = os.listdir(inside(directory, "state/self_heal"))
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for name in names if (match := _NAME.fullmatch(name)))
