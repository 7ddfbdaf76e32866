"""Agency's own form of headless output: one JSON object a line, for agents that somebody writes or wraps.

``{"type": "thread", "thread_id": ID}``, ``{"type": "message", "text": TEXT}``, ``{"type": "tool", "tool": NAME, "detail":
TEXT}``, ``{"type": "usage", "input": N, "cached_input": N, "output": N, "cost": DOLLARS, "whole_thread": BOOL}``, ``{"type":
"problem", "text": TEXT, "goes_on": BOOL}``, ``{"type": "end", "ok": BOOL, "text": TEXT}``. The README tells it to those who
write agents. What is not in this form tells nothing, rather than half.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolUse, TurnEnded, UsageTold
from agency.domain.thread import is_thread_id
from agency.domain.usage import Usage


def read_line(line: str) -> Output | None:
    """What a line in the form of agency tells; None when it is in another."""
    told = json_object(line)
    if told is None:
        return None
    reader = _READERS.get(told["type"]) if isinstance(told.get("type"), str) else None
    try:
        return reader(told) if reader is not None else None
    except (KeyError, ValueError):
        return None


def json_object(line: str) -> Mapping[str, Any] | None:
    """The JSON object that a line is; None when it is none."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _thread(told: Mapping[str, Any]) -> Output:
    thread_id = _text(told, "thread_id")
    if not is_thread_id(thread_id):
        raise ValueError(thread_id)
    return ThreadTold(thread_id=thread_id)


def _usage(told: Mapping[str, Any]) -> Output:
    usage = Usage(
        input=_tokens(told, "input"), cached_input=_tokens(told, "cached_input"), output=_tokens(told, "output")
    )
    return UsageTold(usage=usage, whole_thread=_flag(told, "whole_thread", False), cost=_cost(told))


_READERS: dict[str, Callable[[Mapping[str, Any]], Output]] = {
    "thread": _thread,
    "message": lambda told: Message(text=_text(told, "text")),
    "tool": lambda told: ToolUse(tool=_text(told, "tool"), detail=_text(told, "detail", "")),
    "usage": _usage,
    "problem": lambda told: Problem(text=_text(told, "text"), goes_on=_flag(told, "goes_on", False)),
    "end": lambda told: TurnEnded(ok=_flag(told, "ok", True), text=_text(told, "text", "")),
}


def _text(told: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = told[key] if default is None else told.get(key, default)
    if not isinstance(value, str):
        raise ValueError(key)
    return value


def _flag(told: Mapping[str, Any], key: str, default: bool) -> bool:
    value = told.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(key)
    return value


def _tokens(told: Mapping[str, Any], key: str) -> int:
    value = told.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(key)
    return value


def _cost(told: Mapping[str, Any]) -> float | None:
    value = told.get("cost")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError("cost")
    return float(value)
