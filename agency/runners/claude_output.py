"""What the lines of ``claude -p --output-format stream-json --verbose`` tell (seen with 2.1.197 and 2.1.328).

``result`` counts tokens and cost by model, those of sub-agents with them: in ``modelUsage`` and ``total_cost_usd`` of the
answers that this process got (2.1.197) or of the whole conversation, a forked one with that of its origin (2.1.328), which
then tells what is new as ``model_usage_since_last_result``. Its ``usage`` may miss an answer that took the place of a broken
stream. What a sub-agent says carries the id of the tool use that began it; it is no message of the agent.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.jsonlines import brief, count, dollars, gist, objects, parsed, string, within


def read_claude(line: str) -> tuple[Output, ...]:
    """The events of one line."""
    told = parsed(line)
    match told.get("type"):
        case "system":
            return tuple(_system(told))
        case "assistant":
            return tuple(_said(told))
        case "user":
            return tuple(_tools_done(told))
        case "result":
            return tuple(_result(told))
    return ()


def _system(told: Mapping[str, Any]) -> Iterator[Output]:
    if told.get("subtype") == "init" and string(told.get("session_id")):
        yield ThreadTold(thread_id=string(told.get("session_id")))
    elif told.get("subtype") == "api_retry":
        status = f" {told['error_status']}" if count(told.get("error_status")) else ""
        tries = f"try {count(told.get('attempt'))} of {count(told.get('max_retries'))}"
        delay = count(told.get("retry_delay_ms"))
        pause = f", retry in {delay} ms" if delay else ""
        yield Problem(text=f"{brief(told.get('error')) or 'error'}{status}, {tries}{pause}", goes_on=True)


def _said(told: Mapping[str, Any]) -> Iterator[Output]:
    sub_agent = bool(told.get("parent_tool_use_id"))
    for block in objects(within(told, "message").get("content")):
        if block.get("type") == "tool_use":
            yield ToolUse(tool=string(block.get("name")), detail=gist(block.get("input")))
        elif block.get("type") == "text" and string(block.get("text")) and not sub_agent:
            text = string(block.get("text"))
            yield Problem(text=brief(text), goes_on=False) if told.get("error") else Message(text=text)


def _tools_done(told: Mapping[str, Any]) -> Iterator[Output]:
    for block in objects(within(told, "message").get("content")):
        if block.get("type") == "tool_result":
            given = block.get("content")
            text = given if isinstance(given, str) else " ".join(string(part.get("text")) for part in objects(given))
            yield ToolEnded(ok=block.get("is_error") is not True, detail=brief(text))


def _result(told: Mapping[str, Any]) -> Iterator[Output]:
    new = told.get("model_usage_since_last_result")
    models = new if isinstance(new, dict) else told.get("modelUsage")
    cost = _cost(new) if isinstance(new, dict) else dollars(told.get("total_cost_usd"))
    spent = [_of_model(model) for model in models.values()] if isinstance(models, dict) else [_whole(told.get("usage"))]
    yield UsageTold(usage=sum(spent, Usage()), whole_thread=False, cost=cost)
    ok = told.get("subtype") == "success" and told.get("is_error") is False
    errors = told.get("errors")
    wrong = "; ".join(brief(error) for error in errors) if isinstance(errors, list) else ""
    yield TurnEnded(ok=ok, text=string(told.get("result")) or wrong or ("" if ok else string(told.get("subtype"))))


def _cost(models: Mapping[str, Any]) -> float | None:
    costs = [dollars(within(model).get("costUSD")) for model in models.values()]
    return sum(cost for cost in costs if cost is not None) if None not in costs else None


def _of_model(model: object) -> Usage:
    told = within(model)
    return Usage(
        input=count(told.get("inputTokens")) + count(told.get("cacheCreationInputTokens")),
        cached_input=count(told.get("cacheReadInputTokens")),
        output=count(told.get("outputTokens")),
    )


def _whole(usage: object) -> Usage:
    told = within(usage)
    return Usage(
        input=count(told.get("input_tokens")) + count(told.get("cache_creation_input_tokens")),
        cached_input=count(told.get("cache_read_input_tokens")),
        output=count(told.get("output_tokens")),
    )
