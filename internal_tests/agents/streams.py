"""The streams of the OpenAI Chat Completions and the Gemini interfaces, for the model server."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from internal_tests.agents.model_server import Answer


def chat(answer: "Answer", number: int, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An answer of OpenAI Chat Completions. The caller says ``[DONE]``."""

    def chunk(delta: dict[str, Any], reason: str | None, **more: Any) -> tuple[str, dict[str, Any]]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        head = {"id": f"chatcmpl-{number:04d}", "object": "chat.completion.chunk", "model": body.get("model", "mock")}
        return "", {**head, "created": 0, "choices": [choice], **more}

    yield chunk({"role": "assistant", "content": ""}, None)
    if answer.tool is None:
        for word in (answer.text[:4], answer.text[4:]):
            yield chunk({"content": word}, None)
    else:
        called = {"name": answer.tool, "arguments": json.dumps(answer.arguments)}
        yield chunk(
            {"tool_calls": [{"index": 0, "id": f"call_{number:04d}", "type": "function", "function": called}]}, None
        )
    usage = {
        "prompt_tokens": answer.usage.input,
        "prompt_tokens_details": {"cached_tokens": answer.usage.cached},
        "completion_tokens": answer.usage.output,
        "total_tokens": answer.usage.input + answer.usage.output,
    }
    yield chunk({}, "stop" if answer.tool is None else "tool_calls", usage=usage)


def gemini(answer: "Answer", number: int, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An answer of Gemini's streamGenerateContent."""

    def chunk(parts: list[dict[str, Any]], **more: Any) -> tuple[str, dict[str, Any]]:
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}, **more.pop("candidate", {})}
        return "", {"candidates": [candidate], "modelVersion": "mock", "responseId": f"resp-{number:04d}", **more}

    if answer.tool is None:
        yield chunk([{"text": answer.text[:4]}])
        yield chunk([{"text": answer.text[4:]}])
    else:
        yield chunk([{"functionCall": {"name": answer.tool, "args": answer.arguments}}])
    usage = {
        "promptTokenCount": answer.usage.input,
        "cachedContentTokenCount": answer.usage.cached,
        "candidatesTokenCount": answer.usage.output,
        "totalTokenCount": answer.usage.input + answer.usage.output,
    }
    yield chunk([{"text": ""}], candidate={"finishReason": "STOP"}, usageMetadata=usage)
