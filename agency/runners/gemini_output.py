"""What the lines of ``gemini --output-format stream-json`` tell (seen with 0.61.0).

A message comes in pieces. A refusal that is tried again is told on standard error alone. ``result`` counts the tokens of this
process, earlier turns of the conversation not included: its input contains what was read from the cache, its output leaves
out the thinking, which only the total has.
"""

from collections.abc import Mapping
from typing import Any

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.jsonlines import brief, count, gist, parsed, string, within


def read_gemini(line: str) -> tuple[Output, ...]:
    """The events of one line."""
    told = parsed(line)
    match told.get("type"):
        case "init" if string(told.get("session_id")):
            return (ThreadTold(thread_id=string(told.get("session_id"))),)
        case "message" if told.get("role") == "assistant":
            return (Message(text=string(told.get("content")), part=told.get("delta") is True),)
        case "tool_use":
            return (ToolUse(tool=string(told.get("tool_name")), detail=gist(told.get("parameters"))),)
        case "tool_result":
            gave = string(told.get("output")) or string(within(told, "error").get("message"))
            return (ToolEnded(ok=told.get("status") == "success", detail=brief(gave)),)
        case "error":
            return (Problem(text=brief(told.get("message")), goes_on=told.get("severity") == "warning"),)
        case "result":
            ok = told.get("status") == "success"
            return (*_usage(within(told, "stats")), TurnEnded(ok=ok, text=string(within(told, "error").get("message"))))
    return ()


def _usage(told: Mapping[str, Any]) -> tuple[Output, ...]:
    if not told:
        return ()
    read, cached = count(told.get("input_tokens")), count(told.get("cached"))
    written = max(count(told.get("output_tokens")), count(told.get("total_tokens")) - read)
    usage = Usage(input=max(0, read - cached), cached_input=cached, output=written)
    return (UsageTold(usage=usage, whole_thread=False),)
