"""What a request of an agent says, whatever its interface: the turns of the conversation, and which conversation it is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

_OWN_WORDS = ("<system-reminder>", "<environment_context>", "<session>")
"""How texts begin that an agent puts into the conversation by itself in the place of its user."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn: what a person ``said``, the agent ``answered``, a tool that it ``called`` (``text`` is its name) or what the call
    ``returned``. ``call`` is the id that holds call and return together."""

    kind: Literal["said", "answered", "called", "returned"]
    text: str
    arguments: dict[str, Any] = field(default_factory=dict)
    call: str = ""

    def meets(self, expected: "Turn") -> bool:
        """Whether this is the expected turn: tools may be called with more arguments and return more text than expected."""
        if self.kind != expected.kind:
            return False
        if self.kind == "returned":
            return expected.text in self.text
        return self.text == expected.text and expected.arguments.items() <= self.arguments.items()


def is_aside(body: dict[str, Any]) -> bool:
    """Whether an agent asks for something beside the conversation: a title for it."""
    wanted = body.get("text") or body.get("output_config") or {}
    schema = (wanted.get("format") or {}).get("schema") or {}
    return list(schema.get("properties") or {}) == ["title"]


def thread_of(body: dict[str, Any]) -> str | None:
    """The id under which the agent knows the conversation, as it tells the server."""
    user = (body.get("metadata") or {}).get("user_id")
    told = json.loads(user).get("session_id") if user else (body.get("client_metadata") or {}).get("thread_id")
    return str(told) if told else None


def turns_of(body: dict[str, Any]) -> tuple[Turn, ...]:
    """The conversation that a request carries, without what the agent itself put into it."""
    turns = _of_messages(body["messages"]) if "messages" in body else _of_items(body["input"])
    return tuple(turn for turn in turns if turn.kind != "said" or not turn.text.lstrip().startswith(_OWN_WORDS))


def _of_messages(messages: list[dict[str, Any]]) -> Iterator[Turn]:
    """Of the Anthropic Messages interface."""
    for message in messages:
        if message["role"] not in ("user", "assistant"):
            continue
        for block in _blocks(message["content"]):
            if block["type"] == "tool_use":
                yield Turn(kind="called", text=block["name"], arguments=block["input"], call=block["id"])
            elif block["type"] == "tool_result":
                yield Turn(kind="returned", text=_text(block.get("content")), call=block["tool_use_id"])
            elif block["type"] == "text":
                yield Turn(kind="said" if message["role"] == "user" else "answered", text=block["text"])


def _of_items(items: list[dict[str, Any]]) -> Iterator[Turn]:
    """Of the OpenAI Responses interface."""
    for item in items:
        if item["type"] == "function_call":
            arguments = json.loads(item["arguments"])
            yield Turn(kind="called", text=item["name"], arguments=arguments, call=item["call_id"])
        elif item["type"] == "function_call_output":
            yield Turn(kind="returned", text=_text(item["output"]), call=item["call_id"])
        elif item["type"] == "message" and item["role"] in ("user", "assistant"):
            for block in _blocks(item["content"]):
                yield Turn(kind="said" if item["role"] == "user" else "answered", text=block["text"])


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(content: Any) -> str:
    return "".join(block.get("text", "") for block in _blocks(content or ""))
