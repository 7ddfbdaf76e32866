"""The record of a run's last launch, the files its shim reads, the exit status its shim leaves, and what is to be told of it."""

import os
from collections.abc import Mapping
from typing import Any

from agency.domain.launch import Launch, launch_from_record, record_of_launch
from agency.domain.usage import Start
from agency.store.records import (
    discard,
    discard_leftovers,
    json_bytes,
    make_directory,
    read_record,
    write_file,
    write_record,
)


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


def write_shown_thread(directory: str, number: int, thread_id: str) -> None:
    """Keep the id of the conversation that the screen of a launch showed, for when the screen is gone. Needs no lock."""
    write_file(f"{launch_directory(directory, number)}/thread", f"{thread_id}\n".encode())


def read_shown_thread(directory: str, number: int) -> str | None:
    """The id that the screen of a launch was seen to show, or None."""
    try:
        with open(f"{launch_directory(directory, number)}/thread", encoding="utf-8") as file:
            return file.read(1000).strip() or None
    except (OSError, ValueError):
        return None


def discard_unfinished_exits(directory: str) -> None:
    """Remove what shims that were killed left half-written. No launch of the run may live."""
    for number in range(1, last_launch_number(directory) + 1):
        discard(f"{launch_directory(directory, number)}/exit.tmp")


def read_exit_code(directory: str, number: int) -> int | None:
    """What the runner of a launch ended with, or None while it runs and when it was ended from outside."""
    try:
        with open(f"{launch_directory(directory, number)}/exit", "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def notify_path(directory: str) -> str:
    """What is to be told of the run, and how: see :mod:`agency.runners.notify`. There is none when nothing is."""
    return f"{directory}/notify.json"


def write_notify(directory: str, number: int, wanted: Mapping[str, Any], exited: str) -> None:
    """Leave what is to be told of a launch, and ``exited``, the shell script that its shim runs after the exit status is
    written. Mode 0600."""
    write_file(notify_path(directory), json_bytes(wanted), durable=False)
    place = launch_directory(directory, number)
    make_directory(place)
    write_file(f"{place}/exited", exited.encode("utf-8", "surrogateescape"), durable=False)


def discard_notify(directory: str) -> None:
    """Nothing more is told of the run until its next launch."""
    discard(notify_path(directory))
    discard_leftovers(notify_path(directory))


def discard_told_exit(directory: str, number: int) -> None:
    """The end of a launch is not told: something that says more was."""
    discard(f"{launch_directory(directory, number)}/exited")
