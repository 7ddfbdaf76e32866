"""The event log: one JSON object a line, appended only, one write a line.

Appending takes an flock on the log itself for the few microseconds it lasts. A torn last line (a crash, a full disk) is
passed over by readers and closed by the next append.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from agency.domain.events import SCHEMA_VERSION, Event
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId, RepoId, RunId
from agency.store.failures import told_plainly
from agency.store.records import json_bytes

_TAIL = 64 * 1024


def now() -> str:
    """The time as records and events write it: UTC, milliseconds, ``Z``."""
    nanoseconds = time.time_ns()
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds // 1_000_000 % 1000:03d}Z"


@frozen
class EventLog:
    """The log of one run or of one plan. ``directory`` is where its record stands; ``task_id`` is the task of a plan that the run
    works on."""

    directory: str
    repo_id: RepoId
    run_id: RunId | None = None
    plan_id: PlanId | None = None
    task_id: str | None = None

    @property
    def path(self) -> str:
        """The file of the log."""
        return f"{self.directory}/events.jsonl"

    def append(self, event: Event, *, durable: bool = False, task_id: str | None = None) -> int:
        """Append one event and return its ``seq``. ``durable``: it survives a power cut (intents and closing events).
        ``task_id``: the task that it is about.

        Raises E_DISK_FULL or E_STORE_FAILED; the log is then as it was.
        """
        with told_plainly("appending an event", self.path):
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                size = os.fstat(fd).st_size
                last, torn = _last_seq(fd, size)
                envelope = {
                    "schema_version": SCHEMA_VERSION,
                    "seq": last + 1,
                    "timestamp": now(),
                    "event": event.name,
                    "repo_id": self.repo_id,
                    **self._whose(task_id or self.task_id),
                    "data": event.data,
                }
                _write_whole(fd, (b"\n" if torn else b"") + json_bytes(envelope) + b"\n", size)
                if durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
        return last + 1

    def _whose(self, task_id: str | None) -> dict[str, str]:
        owner: dict[str, str] = {"plan_id": self.plan_id} if self.plan_id else {"run_id": self.run_id or ""}
        return {**owner, "task_id": task_id} if task_id is not None else owner

    def read(self) -> list[dict[str, Any]]:
        """Every readable event, oldest first; none when there is no log."""
        try:
            with open(self.path, "rb") as file:
                return list(parse_lines(file.read()))
        except FileNotFoundError:
            return []


def parse_lines(content: bytes) -> Iterator[dict[str, Any]]:
    """The events of a stretch of log, passing over lines that are not events."""
    return (event for event in parse_objects(content) if isinstance(event.get("event"), str))


def parse_objects(content: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects among the lines of ``content``, passing over torn ones."""
    for line in content.split(b"\n"):
        if not line:
            continue
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _last_seq(fd: int, size: int) -> tuple[int, bool]:
    """The ``seq`` of the last readable event (0 without one) and whether the log ends in a torn line."""
    span = min(size, _TAIL)
    tail = os.pread(fd, span, size - span)
    torn = bool(tail) and not tail.endswith(b"\n")
    while True:
        for line in reversed(tail.split(b"\n")):
            try:
                seq = json.loads(line)["seq"]
            except (ValueError, TypeError, KeyError):
                continue
            if isinstance(seq, int):
                return seq, torn
        if span == size:
            return 0, torn
        span = min(size, span * 8)
        tail = os.pread(fd, span, size - span)


def _write_whole(fd: int, line: bytes, size: int) -> None:
    """One write of the whole line; a short one is taken back and raised as the error it stands for."""
    try:
        written = os.write(fd, line)
        if written < len(line):
            os.write(fd, line[written:])
    except OSError:
        os.ftruncate(fd, size)
        raise
