"""What the lines of ``opencode run --format json`` tell (seen with 1.18.33).

Every line carries the id of the conversation. A turn is a row of steps, each counted when it is done; a step that ends for
another reason than to use tools ends the turn. A tool is told of when it is done, a refusal that is tried again not at all.
Tokens that it uses to find a title are not counted. The cost is 0 for models whose price it does not know, so 0 counts as
untold.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.jsonlines import brief, count, dollars, gist, parsed, string, within

_GOES_ON = frozenset({"tool-calls", "unknown"})


def read_opencode(line: str) -> tuple[Output, ...]:
    """The events of one line."""
    told = parsed(line)
    part = within(told, "part")
    match told.get("type"):
        case "step_start" if string(told.get("sessionID")):
            return (ThreadTold(thread_id=string(told.get("sessionID"))),)
        case "text":
            return (Message(text=string(part.get("text"))),)
        case "tool_use":
            return tuple(_tool(part))
        case "step_finish":
            return tuple(_step_done(part))
        case "error":
            return tuple(_failed(told))
    return ()


def usage_of(tokens: Mapping[str, Any]) -> Usage:
    """Tokens as opencode counts them."""
    cache = within(tokens, "cache")
    return Usage(
        input=count(tokens.get("input")) + count(cache.get("write")),
        cached_input=count(cache.get("read")),
        output=count(tokens.get("output")) + count(tokens.get("reasoning")),
    )


def _tool(part: Mapping[str, Any]) -> Iterator[Output]:
    state = within(part, "state")
    yield ToolUse(tool=string(part.get("tool")), detail=gist(state.get("input")))
    gave = string(state.get("output")) or string(state.get("error"))
    yield ToolEnded(ok=state.get("status") == "completed", detail=brief(gave))


def _step_done(part: Mapping[str, Any]) -> Iterator[Output]:
    yield UsageTold(usage=usage_of(within(part, "tokens")), whole_thread=False, cost=dollars(part.get("cost")) or None)
    reason = string(part.get("reason"))
    if reason not in _GOES_ON:
        yield TurnEnded(ok=reason == "stop", text="" if reason == "stop" else f"the model stopped: {brief(reason)}")


def _failed(told: Mapping[str, Any]) -> Iterator[Output]:
    if string(told.get("sessionID")):
        yield ThreadTold(thread_id=string(told.get("sessionID")))
    error = within(told, "error")
    text = string(within(error, "data").get("message")) or string(error.get("message")) or string(error.get("name"))
    yield Problem(text=brief(text), goes_on=False)
    yield TurnEnded(ok=False, text=text)
