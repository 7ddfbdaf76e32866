"""What Claude Code writes down of the tokens it used.

Facts, seen with 2.1.197: a transcript has a line for each part of an answer, all with the ``message.id`` of the answer and, when
the answer is whole, its final ``message.usage``. Each sub-agent has a file, ``<thread>/subagents/agent-<id>.jsonl`` beside
the transcript; ``output_tokens`` there stays what it was when the answer began, a handful, but the final count of its last answer
stands in the ``toolUseResult`` of the conversation that asked. A copied conversation (a fork, a transcript brought along) keeps
ids and times. Requests besides the conversation, such as for a title of it, are not written down, nor is any cost (older
versions wrote ``costUSD``).
"""

import glob
import os
from dataclasses import replace
from functools import lru_cache

from agency.domain.durations import moment_of
from agency.domain.usage import Spending, Usage, each_once
from agency.runners.jsonlines import count, objects_with


def read_spendings(projects: str, thread_id: str) -> tuple[Spending, ...]:
    """What every answer of a conversation and of its sub-agents took, none twice, oldest first. ``projects`` is the directory
    in which claude keeps a directory of transcripts for each directory it works in."""
    place, thread = glob.escape(projects), glob.escape(thread_id)
    own = [_read(path) for path in glob.glob(f"{place}/*/{thread}.jsonl")]
    paths = glob.glob(f"{place}/*/{thread}/**/agent-*.jsonl", recursive=True)
    sub_agents = [
        (os.path.basename(path).removeprefix("agent-").removesuffix(".jsonl"), *_read(path)) for path in paths
    ]
    finals: dict[str, Usage] = {}
    for told in (*(told for _, told in own), *(told for _, _, told in sub_agents)):
        finals.update(told)
    parts = [spent for spent, _ in own] + [_corrected(spent, finals.get(name)) for name, spent, _ in sub_agents]
    return each_once(one for part in parts for one in part)


def _corrected(spent: tuple[Spending, ...], final: Usage | None) -> tuple[Spending, ...]:
    """The answers of a sub-agent with the final count of the last one, where it is of the same request."""
    if not spent or final is None:
        return spent
    last = spent[-1]
    same = (last.usage.input, last.usage.cached_input) == (final.input, final.cached_input)
    return (*spent[:-1], replace(last, usage=final)) if same and final.output > last.usage.output else spent


def _read(path: str) -> tuple[tuple[Spending, ...], dict[str, Usage]]:
    """The answers in a file, and the final counts of sub-agents by their ids. Nothing of a file that is gone."""
    try:
        found = os.stat(path)
        return _read_state(path, found.st_size, found.st_mtime_ns)
    except OSError:
        return (), {}


@lru_cache(maxsize=256)
def _read_state(path: str, size: int, mtime_ns: int) -> tuple[tuple[Spending, ...], dict[str, Usage]]:
    """The same; size and time tell when a file has to be read again."""
    spent: list[Spending] = []
    finals: dict[str, Usage] = {}
    for entry in objects_with(path, (b'"usage"',)):
        message, result = entry.get("message"), entry.get("toolUseResult")
        if entry.get("type") == "assistant" and isinstance(message, dict):
            usage = _usage(message.get("usage"))
            key = str(message.get("id") or entry.get("uuid") or "")
            if usage.total and key:
                cost = entry.get("costUSD")
                spent.append(
                    Spending(
                        at=moment_of(entry.get("timestamp")),
                        model=str(message.get("model") or "unknown"),
                        usage=usage,
                        cost=float(cost) if isinstance(cost, int | float) else None,
                        key=key,
                    )
                )
        elif isinstance(result, dict) and isinstance(result.get("agentId"), str):
            finals[result["agentId"]] = _usage(result.get("usage"))
    return each_once(spent), finals


def _usage(told: object) -> Usage:
    if not isinstance(told, dict):
        return Usage()
    return Usage(
        input=count(told.get("input_tokens")) + count(told.get("cache_creation_input_tokens")),
        cached_input=count(told.get("cache_read_input_tokens")),
        output=count(told.get("output_tokens")),
    )
