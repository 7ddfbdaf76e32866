"""What operators ask of a run or a plan: ``control.jsonl`` in the directory of its record, one JSON object per line. Whoever asks
appends; whoever drives the run or the plan reads."""

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agency.domain.control import Command, command_from_record, record_of_command
from agency.store.eventlog import parse_objects
from agency.store.failures import told_plainly
from agency.store.records import json_bytes


def append_request(directory: str, request: Mapping[str, Any]) -> None:
    """Append what an operator asks for, durably. Raises E_DISK_FULL or E_STORE_FAILED."""
    with told_plainly("recording a command", _path(directory)), control_lock(directory) as fd:
        size = os.fstat(fd).st_size
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        line = (b"\n" if torn else b"") + json_bytes(dict(request)) + b"\n"
        if os.write(fd, line) < len(line):
            os.ftruncate(fd, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(fd)


@contextmanager
def control_lock(directory: str) -> Iterator[int]:
    """Holds ``control.jsonl``, so that nobody else adds to it or tells of what is in it; its descriptor. Raises OSError."""
    fd = os.open(_path(directory), os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def read_requests(directory: str) -> list[dict[str, Any]]:
    """Everything that operators asked for, oldest first."""
    try:
        with open(_path(directory), "rb") as file:
            return list(parse_objects(file.read()))
    except OSError:
        return []


def control_size(directory: str) -> int:
    """How many bytes operators have written: another number means that there is something new."""
    try:
        return os.stat(_path(directory)).st_size
    except OSError:
        return 0


def append_command(directory: str, command: Command) -> None:
    """Append what an operator asks of a run, durably. Raises E_DISK_FULL or E_STORE_FAILED."""
    append_request(directory, record_of_command(command))


def read_commands(directory: str) -> list[Command]:
    """Everything that operators asked of a run, oldest first."""
    return [command for one in read_requests(directory) if (command := command_from_record(one)) is not None]


def _path(directory: str) -> str:
    return f"{directory}/control.jsonl"
