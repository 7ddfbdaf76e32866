"""What Codex writes down of the tokens it used.

Facts, seen with 0.150.0 and 0.169.0: a session file has a ``token_count`` after each answer, and newer ones before that a
``token_usage_record``, both with the usage of the answer and the totals of the conversation; a total that comes again is no new
answer. ``input_tokens`` includes ``cached_input_tokens``, ``output_tokens`` includes reasoning. A fork has in its file only what
came after the fork, but its totals go on from those of the other conversation. A sub-agent has a session file of its own, and
the conversation that began it names its id in a ``CollabAgentToolCall`` of the tool ``spawn_agent``. The model stands in the
``turn_context`` before. Requests besides the conversation, such as for a title of it, are not written down, nor is any cost.
"""

import glob
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from agency.domain.durations import moment_of
from agency.domain.usage import Spending, Usage, each_once
from agency.runners.jsonlines import count, objects_with

_TELLING = (b'"token_usage_record"', b'"token_count"', b'"turn_context"', b'"spawn_agent"')


def read_spendings(sessions: str, thread_id: str) -> tuple[Spending, ...]:
    """What every answer of a conversation and of its sub-agents took, oldest first. ``sessions`` is the directory of session
    files."""
    spent: list[Spending] = []
    waiting, seen = [thread_id], {thread_id}
    while waiting:
        thread = waiting.pop()
        for path in glob.glob(f"{glob.escape(sessions)}/*/*/*/rollout-*-{glob.escape(thread)}.jsonl"):
            answers, begun = _read(path, thread)
            spent += answers
            waiting += [other for other in begun if other not in seen]
            seen.update(begun)
    return each_once(spent)


def _read(path: str, thread_id: str) -> tuple[tuple[Spending, ...], tuple[str, ...]]:
    """The answers in a file, and the conversations of the sub-agents it began. Nothing of a file that is gone."""
    try:
        found = os.stat(path)
        return _read_state(path, thread_id, found.st_size, found.st_mtime_ns)
    except OSError:
        return (), ()


@lru_cache(maxsize=256)
def _read_state(path: str, thread_id: str, size: int, mtime_ns: int) -> tuple[tuple[Spending, ...], tuple[str, ...]]:
    """The same; size and time tell when a file has to be read again."""
    spent: list[Spending] = []
    begun: list[str] = []
    model = "unknown"
    total: Usage | None = None
    for entry in objects_with(path, _TELLING):
        payload = entry.get("payload")
        if not isinstance(payload, dict):
            continue
        if entry.get("type") == "turn_context":
            model = str(payload.get("model") or model)
        elif payload.get("type") == "item_completed":
            begun += _sub_agents(payload.get("item"))
        elif (told := _told(entry.get("type"), payload)) is not None:
            answer, new_total = told
            if new_total == total:
                continue
            if total is not None and _fits(new_total - total):
                answer = new_total - total
            total = new_total
            key = f"{thread_id} {payload.get('response_id') or len(spent)}"  # files only grow
            spent.append(Spending(at=moment_of(entry.get("timestamp")), model=model, usage=answer, key=key))
    return tuple(spent), tuple(begun)


def _told(kind: object, payload: Mapping[str, Any]) -> tuple[Usage, Usage] | None:
    """The usage of an answer and the total after it, or None when the line tells none."""
    if kind == "token_usage_record":
        answer, total = payload.get("usage"), payload.get("thread_token_usage")
    elif payload.get("type") == "token_count" and isinstance(info := payload.get("info"), dict):
        answer, total = info.get("last_token_usage"), info.get("total_token_usage")
    else:
        return None
    return (_usage(answer), _usage(total)) if isinstance(answer, dict) and isinstance(total, dict) else None


def _sub_agents(item: object) -> list[str]:
    if not isinstance(item, dict) or item.get("type") != "CollabAgentToolCall" or item.get("tool") != "spawn_agent":
        return []
    threads = item.get("receiver_thread_ids")
    return [str(thread) for thread in threads] if isinstance(threads, list) else []


def _usage(told: Mapping[str, Any]) -> Usage:
    cached = min(count(told.get("cached_input_tokens")), count(told.get("input_tokens")))
    return Usage(
        input=count(told.get("input_tokens")) - cached,
        cached_input=cached,
        output=count(told.get("output_tokens")),
    )


def _fits(usage: Usage) -> bool:
    """Whether a difference of totals is one: they may begin anew."""
    return min(usage.input, usage.cached_input, usage.output) >= 0
