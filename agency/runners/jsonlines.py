"""Reading the lines of JSON that agents write, whatever stands in them: nothing where nothing fits, and no exception but
OSError of a file that cannot be read."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST = 200
"""Characters of a text that is to be shown in a few words."""
_TELLING = ("command", "cmd", "file_path", "filePath", "path", "url", "pattern", "query", "description", "question")
"""What the input of a tool is mostly about."""


def parsed(line: str | bytes) -> Mapping[str, Any]:
    """The JSON object on a line; empty when there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def last_objects(path: str, most: int | None) -> list[Mapping[str, Any]]:
    """The JSON objects on the last lines of a file, oldest first: in its last ``most`` bytes, None for all of it. Raises
    OSError."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - most) if most is not None else 0)
        return [told for line in file.read().splitlines() if (told := parsed(line))]


def objects_with(path: str, telling: tuple[bytes, ...]) -> Iterator[Mapping[str, Any]]:
    """The JSON objects on the lines of a file that hold one of ``telling``; the others are not looked into. Raises OSError."""
    with open(path, "rb") as file:
        for line in file:
            if any(word in line for word in telling) and (told := parsed(line)):
                yield told


def within(value: object, *keys: str) -> Mapping[str, Any]:
    """The object under ``keys``, each inside the one before; empty when there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects of a list."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def string(value: object) -> str:
    """A string, else the empty one."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """A number of tokens; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def dollars(value: object) -> float | None:
    """An amount of money; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) and amount >= 0 else None


def brief(text: object) -> str:
    """The beginning of a text on one line."""
    return " ".join(string(text)[: 4 * _LONGEST].split())[:_LONGEST]


def gist(given: object) -> str:
    """In a few words, what a tool is used on, from its input."""
    if not isinstance(given, dict):
        return brief(given)
    return next((brief(given[key]) for key in _TELLING if isinstance(given.get(key), str)), "")
