"""A parsed config file: its plain value, and the line on which each key is written."""

import re
from collections.abc import Callable
from typing import Any

from agency.domain.frozen import frozen

KeyPath = tuple[str | int, ...]
"""The keys (and list positions) that lead from the top of a file to a value."""

_BARE = re.compile(r"""[^\s."'\[\]]+""")


@frozen
class Document:
    """What ``file`` holds. ``line_of`` gives the line of a key path, or else of its deepest part that is there."""

    file: str
    value: object
    line_of: Callable[[KeyPath], int]


def written(path: KeyPath) -> str:
    """``path`` as people write it: ``scripts.setup.timeout``, ``worktree.copy[0]``, ``runners."gpt-4.1".command``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += "." * bool(text) + _quoted_if_odd(step)
    return text


def value_at(value: object, path: KeyPath) -> Any:
    """What stands at ``path`` below ``value``, or None when nothing does."""
    current: Any = value
    for step in path:
        if isinstance(current, dict):
            current = current.get(step)
        elif isinstance(current, list) and isinstance(step, int) and step < len(current):
            current = current[step]
        else:
            return None
    return current


def _quoted_if_odd(key: str) -> str:
    if _BARE.fullmatch(key) and key.isprintable():
        return key
    import json

    return json.dumps(key, ensure_ascii=not key.isprintable())
