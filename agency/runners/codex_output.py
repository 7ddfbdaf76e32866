"""What the lines of ``codex exec --json`` tell (seen with 0.169.0).

``turn.completed`` counts the tokens of the conversation since it began, those of the conversation that it was forked from
included; its input contains what was read from the cache. An ``error`` that begins with ``Reconnecting`` is tried again; any
other is followed by ``turn.failed``, which counts nothing. An item of type ``error`` is a warning.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.jsonlines import brief, count, gist, objects, parsed, string, within

_RETRYING = "Reconnecting"


def read_codex(line: str) -> tuple[Output, ...]:
    """The events of one line."""
    told = parsed(line)
    match told.get("type"):
        case "thread.started" if string(told.get("thread_id")):
            return (ThreadTold(thread_id=string(told.get("thread_id"))),)
        case "item.started":
            return tuple(_begun(within(told, "item")))
        case "item.completed":
            return tuple(_done(within(told, "item")))
        case "turn.completed":
            return (_usage(within(told, "usage")), TurnEnded(ok=True, text=""))
        case "turn.failed":
            return (TurnEnded(ok=False, text=string(within(told, "error").get("message"))),)
        case "error":
            text = string(told.get("message"))
            return (Problem(text=brief(text), goes_on=text.startswith(_RETRYING)),)
    return ()


def _begun(item: Mapping[str, Any]) -> Iterator[Output]:
    match item.get("type"):
        case "command_execution":
            yield ToolUse(tool="command", detail=brief(item.get("command")))
        case "file_change":
            paths = " ".join(string(change.get("path")) for change in objects(item.get("changes")))
            yield ToolUse(tool="edit", detail=brief(paths))
        case "mcp_tool_call":
            tool = f"{string(item.get('server'))}.{string(item.get('tool'))}"
            yield ToolUse(tool=tool, detail=gist(item.get("arguments")))
        case "web_search":
            yield ToolUse(tool="web_search", detail=brief(item.get("query")))


def _done(item: Mapping[str, Any]) -> Iterator[Output]:
    match item.get("type"):
        case "agent_message":
            yield Message(text=string(item.get("text")))
        case "error":
            yield Problem(text=brief(item.get("message")), goes_on=True)
        case "command_execution":
            yield ToolEnded(ok=item.get("exit_code") == 0, detail=brief(item.get("aggregated_output")))
        case "file_change" | "mcp_tool_call":
            yield ToolEnded(ok=item.get("status") == "completed", detail=brief(within(item, "error").get("message")))
        case "web_search":
            yield ToolEnded(ok=True, detail="")


def _usage(told: Mapping[str, Any]) -> UsageTold:
    cached = count(told.get("cached_input_tokens"))
    usage = Usage(
        input=max(0, count(told.get("input_tokens")) - cached),
        cached_input=cached,
        output=count(told.get("output_tokens")),
    )
    return UsageTold(usage=usage, whole_thread=True)
