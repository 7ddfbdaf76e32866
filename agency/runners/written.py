"""Reading the files that agents write for themselves, where any line may be torn, odd or of a kind not known here."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any


def entries(path: str, telling: tuple[bytes, ...]) -> Iterator[dict[str, Any]]:
    """The JSON objects in the lines of a file that hold one of ``telling``; the others are not looked into. Raises OSError."""
    with open(path, "rb") as file:
        for line in file:
            if not any(word in line for word in telling):
                continue
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                yield entry


def count_of(value: object) -> int:
    """A number of tokens; 0 for what is none."""
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else 0


def moment_of(text: object) -> float:
    """Seconds since 1970 of a time in the form of RFC 3339, 0 for what is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
