"""A rebase that agency is about to begin in the worktree of a run: ``rebase.json`` beside its record, until an event tells of
it."""

from typing import TypedDict

from agency.domain.run import Run
from agency.store.records import discard, read_record, write_record


class Intent(TypedDict):
    """The branch, which is at ``old``, is to be rebased onto the commit ``onto`` of ``target``. ``events`` is how many events the
    run has so far: a later one tells what came of it."""

    target: str
    onto: str
    old: str
    events: int


def write_intent(run: Run, intent: Intent) -> None:
    """Write down what is about to be done. Raises E_DISK_FULL or E_STORE_FAILED."""
    write_record(_path(run), {"schema_version": "1.0", **intent})


def read_intent(run: Run) -> Intent | None:
    """What was begun and not told of, or None."""
    try:
        record = read_record(_path(run))
        target, onto, old = (str(record[key]) for key in ("target", "onto", "old"))
        return Intent(target=target, onto=onto, old=old, events=int(record["events"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def discard_intent(run: Run) -> None:
    """It was told of, or never begun."""
    discard(_path(run))


def _path(run: Run) -> str:
    return f"{run.directory}/rebase.json"
