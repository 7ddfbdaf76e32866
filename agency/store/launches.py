"""The record of a run's last launch, the files its shim reads and the exit status its shim leaves."""

import os

from agency.domain.launch import Launch, launch_from_record, record_of_launch
from agency.domain.usage import Start
from agency.store.records import discard, discard_leftovers, make_directory, read_record, write_file, write_record


def read_launch(directory: str) -> Launch | None:
    """The last launch of the run whose record stands in ``directory``, or None."""
    try:
        record = read_record(f"{directory}/session.json")
        return launch_from_record(record)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_launch(directory: str, launch: Launch) -> None:
    """Record a launch."""
    write_record(f"{directory}/session.json", record_of_launch(launch))


def note_start(directory: str, start: Start) -> None:
    """Note when a launch was made, for good: the record of a launch is replaced by that of the next. Its directory is there."""
    write_file(f"{launch_directory(directory, start.number)}/began", f"{start.at!r}\n".encode(), durable=False)


def list_starts(directory: str) -> list[Start]:
    """When each launch was made, oldest first, as far as it was noted."""
    starts = []
    for number in range(1, last_launch_number(directory) + 1):
        try:
            with open(f"{launch_directory(directory, number)}/began", "rb") as file:
                starts.append(Start(number=number, at=float(file.read())))
        except (OSError, ValueError):
            continue
    return starts


def launch_directory(directory: str, number: int) -> str:
    """Where the files of one launch stand."""
    return f"{directory}/launches/{number:04d}"


def last_launch_number(directory: str) -> int:
    """The highest number ever used for a launch of the run (0 without one), so that none is used twice."""
    try:
        numbers = [int(name) for name in os.listdir(f"{directory}/launches") if name.isdigit()]
    except FileNotFoundError:
        return 0
    return max(numbers, default=0)


def write_start_file(directory: str, number: int, script: str) -> str:
    """Leave ``script`` for the shim of a launch and return the launch's directory. Mode 0600; the shim removes it.

    What the shims of earlier launches never came to fetch goes.
    """
    discard_start_files(directory)
    place = launch_directory(directory, number)
    make_directory(place)
    write_file(f"{place}/start", script.encode("utf-8", "surrogateescape"), durable=False)
    return place


def discard_start_files(directory: str) -> None:
    """Remove what no shim came to fetch: it holds the environment of a caller. What kills left half-written goes too."""
    discard_leftovers(f"{directory}/session.json")
    discard_leftovers(f"{directory}/usage.json")
    for number in range(1, last_launch_number(directory) + 1):
        place = launch_directory(directory, number)
        discard(f"{place}/start")
        discard_leftovers(f"{place}/start")
        discard_leftovers(f"{place}/began")


def read_exit_code(directory: str, number: int) -> int | None:
    """What the runner of a launch ended with, or None while it runs and when it was ended from outside."""
    try:
        with open(f"{launch_directory(directory, number)}/exit", "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None
