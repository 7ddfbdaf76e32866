"""``thread.json``: the conversation of a run, beside its record."""

from agency.domain.thread import Thread, record_of_thread, thread_from_record
from agency.store.records import read_record, write_record


def read_thread(directory: str) -> Thread | None:
    """The thread of the run whose record stands in ``directory``, or None."""
    try:
        return thread_from_record(read_record(f"{directory}/thread.json"))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_thread(directory: str, thread: Thread) -> None:
    """Record the thread of a run. Hold the repo lock."""
    write_record(f"{directory}/thread.json", record_of_thread(thread))
