"""Reading several event logs as one, from where each was read last. Only whole lines count."""

import json
import os
from collections.abc import Iterator

from agency.domain.frozen import frozen
from agency.domain.planlog import LogEvent, log_event


@frozen
class LogSource:
    """One log: whose it is (see :class:`agency.domain.planlog.LogEvent`), its file, and the task of the run that writes it."""

    name: str
    path: str
    task_id: str | None = None


def read_from(source: LogSource, offset: int) -> Iterator[tuple[int, LogEvent | None]]:
    """Every whole line from ``offset`` on: where the next one begins, and its event, None for a line that is none.

    Raises OSError.
    """
    with open(source.path, "rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield offset, _event(source, line)


def read_whole(source: LogSource) -> Iterator[LogEvent]:
    """Every event of a log; none when it is gone."""
    try:
        yield from (event for _, event in read_from(source, 0) if event is not None)
    except FileNotFoundError:
        return


class Tails:
    """Several logs that are followed: each call of :meth:`more` tells what was added since the one before."""

    def __init__(self) -> None:
        self._offsets: dict[str, int] = {}

    def more(self, sources: list[LogSource]) -> list[LogEvent]:
        """What is new in ``sources``. A log that became shorter is read from its beginning again."""
        events = []
        for source in sources:
            try:
                offset = self._offsets.get(source.name, 0)
                if os.stat(source.path).st_size < offset:
                    offset = 0
                for end, event in read_from(source, offset):
                    offset = end
                    if event is not None:
                        events.append(event)
                self._offsets[source.name] = offset
            except OSError:
                continue
        return events


def _event(source: LogSource, line: bytes) -> LogEvent | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    raw = line.decode("utf-8", "replace").rstrip("\n")
    return log_event(value, raw, source=source.name, task_id=source.task_id)
