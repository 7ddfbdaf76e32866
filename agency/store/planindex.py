"""An index of the events of a plan, so that questions about long logs are answered at once.

A cache and nothing more: it can be removed at any time, a damaged one is made anew, and whoever asks reads the logs themselves
when it fails. Logs are taken in from the byte where the last time ended; one that was cut or replaced from its beginning.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import sha256

from agency.domain.planlog import LogEvent, LogQuery, log_event
from agency.store.logsources import LogSource, read_from

_VERSION = 1
_SCHEMA = """
CREATE TABLE sources (name TEXT PRIMARY KEY, file INTEGER, size INTEGER, mark TEXT);
CREATE TABLE events (source TEXT, place INTEGER, seq INTEGER, timestamp TEXT, event TEXT, task_id TEXT, raw TEXT,
    PRIMARY KEY (source, place)) WITHOUT ROWID;
CREATE INDEX by_event ON events (event);
CREATE INDEX by_task ON events (task_id);
"""
_PATIENCE = 2.0
"""Seconds that another process may be at the index."""
_MARK = 4096
"""How many bytes before the place where reading ended tell whether it is still the same log."""


class IndexFailed(Exception):
    """The index cannot be used now."""


def ask_index(directory: str, sources: Sequence[LogSource], query: LogQuery) -> list[LogEvent]:
    """The events of ``sources`` that ``query`` asks for, in no particular order, from the index in ``directory``, which is
    brought up to date first. Raises IndexFailed."""
    path = f"{directory}/index.sqlite"
    try:
        try:
            return _ask(path, sources, query)
        except sqlite3.OperationalError:
            raise  # busy, full, not writable: another one would fare no better
        except sqlite3.DatabaseError:
            for end in ("", "-journal"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{path}{end}")
            return _ask(path, sources, query)
    except (OSError, sqlite3.Error) as error:
        raise IndexFailed(str(error)) from error


def _ask(path: str, sources: Sequence[LogSource], query: LogQuery) -> list[LogEvent]:
    with contextlib.closing(_opened(path)) as index:
        if _is_behind(index, sources):
            with index:
                index.execute("BEGIN IMMEDIATE")
                for source in sources:
                    _take_in(index, source)
                _forget_others(index, sources)
        return list(_chosen(index, sources, query))


def _opened(path: str) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    index = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        (version,) = index.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            if index.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and version > 0:
                raise sqlite3.DatabaseError(f"an index of version {version}")
            index.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    except BaseException:
        index.close()
        raise
    return index


def _is_behind(index: sqlite3.Connection, sources: Sequence[LogSource]) -> bool:
    known = {row[0]: row[1:] for row in index.execute("SELECT name, file, size, mark FROM sources")}
    there = {source.name: (source, seen) for source in sources if (seen := _seen(source)) is not None}
    if known.keys() != there.keys():
        return True
    return any(known[name] != (*seen, _mark(source.path, seen[1])) for name, (source, seen) in there.items())


def _seen(source: LogSource) -> tuple[int, int] | None:
    """Which file the log is, and how long; None when it is gone."""
    try:
        seen = os.stat(source.path)
    except FileNotFoundError:
        return None
    return seen.st_ino, seen.st_size


def _take_in(index: sqlite3.Connection, source: LogSource) -> None:
    seen = _seen(source)
    if seen is None:
        return
    row = index.execute("SELECT file, size, mark FROM sources WHERE name = ?", (source.name,)).fetchone()
    offset = 0
    if row is not None and row[0] == seen[0] and row[1] <= seen[1] and _mark(source.path, row[1]) == row[2]:
        offset = row[1]
    if offset == 0:
        index.execute("DELETE FROM events WHERE source = ?", (source.name,))
    for end, event in read_from(source, offset):
        if event is not None:
            index.execute(
                "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
                (source.name, offset, event.seq, event.timestamp, event.event, event.task_id, event.raw),
            )
        offset = end
    values = (source.name, seen[0], offset, _mark(source.path, offset))
    index.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)", values)


def _mark(path: str, end: int) -> str:
    """What the log holds right before the byte ``end``."""
    with open(path, "rb") as file:
        file.seek(max(0, end - _MARK))
        return sha256(file.read(min(end, _MARK))).hexdigest()


def _forget_others(index: sqlite3.Connection, sources: Sequence[LogSource]) -> None:
    """Runs that ``agency gc`` has let go of are no longer told of."""
    known = {name for (name,) in index.execute("SELECT name FROM sources")}
    for name in known - {source.name for source in sources if os.path.exists(source.path)}:
        for table, key in (("events", "source"), ("sources", "name")):
            index.execute(f"DELETE FROM {table} WHERE {key} = ?", (name,))


def _chosen(index: sqlite3.Connection, sources: Sequence[LogSource], query: LogQuery) -> Iterator[LogEvent]:
    """The index only narrows; the query itself has the last word."""
    where, values = ["1"], list[str]()
    if query.task_id is not None:
        where.append("task_id = ?")
        values.append(query.task_id)
    if query.prefix:
        where.append("substr(event, 1, length(?)) = ?")
        values += [query.prefix, query.prefix]
    if query.text is not None:
        where.append("instr(raw, ?)")
        values.append(query.text)
    tasks = {source.name: source.task_id for source in sources}
    for name, raw in index.execute(f"SELECT source, raw FROM events WHERE {' AND '.join(where)}", values):
        event = log_event(json.loads(raw), raw, source=name, task_id=tasks.get(name))
        if event is not None and query.fits(event):
            yield event
