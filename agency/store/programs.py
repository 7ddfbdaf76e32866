"""What programs said of their version, so that each is asked once: started only for that, an agent takes a fifth of a second
to two seconds.

An answer holds while the file of the program stays as it is. A version manager's shim stays as it is when the program behind it
changes: what matters must not rest on an old answer alone.
"""

import os

from agency.store.paths import Paths
from agency.store.records import read_record, write_record


def known_version(paths: Paths, program: str) -> str | None:
    """What ``program`` said, None when it was not asked or has changed since."""
    try:
        told = read_record(paths.programs).get(program)
        if told["file"] == _stamp(program):
            return str(told["version"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    return None


def remember_version(paths: Paths, program: str, version: str) -> None:
    """Keep what ``program`` said. Raises E_DISK_FULL or E_STORE_FAILED."""
    try:
        record = read_record(paths.programs)
    except (OSError, ValueError):
        record = {}
    kept = record if isinstance(record, dict) else {}
    write_record(
        paths.programs, {**kept, "schema_version": "1.0", program: {"file": _stamp(program), "version": version}}
    )


def _stamp(program: str) -> list[int]:
    """What changes when the program is installed anew; npm gives every file the same time of change, hence the inode's."""
    seen = os.stat(program)
    return [seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns]
