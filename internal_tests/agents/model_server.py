"""A model server on loopback: it speaks the streams of the Anthropic Messages, OpenAI Responses, OpenAI Chat Completions and
Gemini interfaces.

What it answers is scripted per test. Every request is kept, so that a test can prove from the server's side what an agent
sent: which conversation, which earlier messages, how often.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from internal_tests.agents import streams
from internal_tests.agents.wire import is_aside


@dataclass(frozen=True)
class Usage:
    """Tokens that the server reports for one answer."""

    input: int = 100
    cached: int = 0
    output: int = 10


@dataclass(frozen=True)
class Answer:
    """One scripted answer: text, or a tool call (of a ``namespace``, as codex has them) with words that its result will hold;
    ``delay`` seconds of silence first, or silence ``until`` the test ends it; ``status`` other than 200 is an error; ``broken``
    ends the stream in the middle, ``limited`` with the words of a provider whose limit is reached (OpenAI Responses alone)."""

    text: str = ""
    tool: str | None = None
    namespace: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    returns: str = ""
    delay: float = 0.0
    until: threading.Event | None = None
    status: int = 200
    retry_after: int | None = None
    broken: bool = False
    limited: str = ""
    usage: Usage = Usage()


@dataclass(frozen=True)
class Request:
    """What an agent asked: the path, the body and the moment (seconds, monotonic)."""

    path: str
    body: dict[str, Any]
    at: float

    @property
    def tools(self) -> list[str]:
        """The names of the tools it offered."""
        offered: list[dict[str, Any]] = []
        for tool in self.body.get("tools") or []:
            offered += tool.get("functionDeclarations") or [tool.get("function") or tool]
        return [str(tool.get("name") or tool.get("type")) for tool in offered]

    @property
    def model(self) -> str:
        """The model it asked, which the Gemini interface has in the path."""
        return str(self.body.get("model") or self.path.rpartition("/models/")[2].partition(":")[0])

    def texts(self) -> list[str]:
        """Every text of the conversation it carried, in order, whatever the interface."""
        items = self.body.get("messages") or self.body.get("input") or self.body.get("contents") or []
        found: list[str] = []
        for item in items if isinstance(items, list) else [items]:
            found += _texts(item)
        return found

    @property
    def is_aside(self) -> bool:
        """Whether an agent asked for something beside the conversation: a title for it."""
        return is_aside(self.body) or self.says("You are a title generator")

    def says(self, text: str) -> bool:
        """Whether the conversation it carried holds ``text``."""
        return any(text in part for part in self.texts())


Responder = Callable[[Request], Answer]

_ASIDE = Answer(text='{"title": "talk"}')


class ModelServer:
    """A server for one test. ``responder`` chooses the answer to each request of a conversation; asides it answers itself."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self.requests: list[Request] = []
        self.reported: list[tuple[Request, Usage]] = []
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def do_HEAD(self) -> None:
                """Agents look whether somebody is there."""
                self._plain({})

            def do_GET(self) -> None:
                """Lists of models and the like: empty."""
                self._plain({"data": [], "models": []})

            def do_POST(self) -> None:
                """A request to the model, or something the agent wants counted or logged."""
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                try:
                    body = json.loads(raw or b"{}")
                except ValueError:
                    body = {}
                path = self.path.partition("?")[0]
                if path.endswith("/messages"):
                    server._answer(self, path, body, _anthropic)
                elif path.endswith("/responses"):
                    server._answer(self, path, body, _openai)
                elif path.endswith("/chat/completions"):
                    server._answer(self, path, body, streams.chat)
                elif path.endswith(":streamGenerateContent"):
                    server._answer(self, path, body, streams.gemini)
                elif path.endswith("/count_tokens"):
                    self._plain({"input_tokens": 1})
                else:
                    self._plain({})

            def _plain(self, value: object) -> None:
                content = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Agents are killed in the middle of answers here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening; answers that are being delayed end."""
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def conversations(self, text: str) -> list[Request]:
        """The requests of conversations that hold ``text``; asides do not count."""
        with self._lock:
            return [request for request in self.requests if request.says(text) and not request.is_aside]

    def _answer(
        self,
        handler: BaseHTTPRequestHandler,
        path: str,
        body: dict[str, Any],
        stream: Callable[[Answer, int, dict[str, Any]], Iterator[tuple[str, dict[str, Any]]]],
    ) -> None:
        request = Request(path=path, body=body, at=time.monotonic())
        with self._lock:
            self.requests.append(request)
            number = next(self._numbers)
            answer = _ASIDE if request.is_aside else self.responder(request)
            if answer.status == 200 and not answer.broken:
                self.reported.append((request, answer.usage))
        if answer.delay and self.ended.wait(answer.delay):
            return
        while answer.until is not None and not answer.until.wait(0.05):
            if self.ended.is_set():
                return
        if answer.status != 200:
            _refuse(handler, answer)
        elif stream is _anthropic and not body.get("stream"):
            _whole(handler, answer, number, body)
        else:
            _stream(handler, stream(answer, number, body), broken=answer.broken)


def _refuse(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    kind, message = (
        ("rate_limit_error", "slow down") if answer.status == 429 else ("invalid_request_error", "no such thing")
    )
    content = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    handler.send_response(answer.status)
    if answer.retry_after is not None:
        handler.send_header("Retry-After", str(answer.retry_after))
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def _stream(handler: BaseHTTPRequestHandler, events: Iterator[tuple[str, dict[str, Any]]], *, broken: bool) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    for position, (name, data) in enumerate(events):
        if broken and position == 2:
            return
        head = f"event: {name}\n" if name else ""
        handler.wfile.write(f"{head}data: {json.dumps(data)}\n\n".encode())
        handler.wfile.flush()


def _whole(handler: BaseHTTPRequestHandler, answer: Answer, number: int, body: dict[str, Any]) -> None:
    message = _anthropic_message(answer, number, body)
    message["content"] = [{"type": "text", "text": answer.text}]
    message["stop_reason"] = "end_turn"
    content = json.dumps(message).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def _anthropic_message(answer: Answer, number: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_{number:04d}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "mock"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": answer.usage.input,
            "cache_read_input_tokens": answer.usage.cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": answer.usage.output,
        },
    }


def _anthropic(answer: Answer, number: int, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "message_start", {"type": "message_start", "message": _anthropic_message(answer, number, body)}
    if answer.tool is None:
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta: dict[str, Any] = {"type": "text_delta", "text": answer.text}
    else:
        block = {"type": "tool_use", "id": f"toolu_{number:04d}", "name": answer.tool, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(answer.arguments)}
    yield "content_block_start", {"type": "content_block_start", "index": 0, "content_block": block}
    yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}
    reason = "end_turn" if answer.tool is None else "tool_use"
    yield (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": answer.usage.output},
        },
    )
    yield "message_stop", {"type": "message_stop"}


def _openai(answer: Answer, number: int, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    identity = f"resp_{number:04d}"
    yield "response.created", {"type": "response.created", "response": {"id": identity}}
    if answer.limited:
        error = {"code": "rate_limit_exceeded", "message": answer.limited}
        yield "response.failed", {"type": "response.failed", "response": {"id": identity, "error": error}}
        return
    if answer.tool is None:
        item: dict[str, Any] = {
            "type": "message",
            "role": "assistant",
            "id": f"msg_{number:04d}",
            "content": [{"type": "output_text", "text": answer.text}],
        }
    else:
        item = {
            "type": "function_call",
            "id": f"fc_{number:04d}",
            "call_id": f"call_{number:04d}",
            "name": answer.tool,
            "arguments": json.dumps(answer.arguments),
            **({"namespace": answer.namespace} if answer.namespace is not None else {}),
        }
    yield "response.output_item.done", {"type": "response.output_item.done", "item": item}
    usage = {
        "input_tokens": answer.usage.input,
        "input_tokens_details": {"cached_tokens": answer.usage.cached},
        "output_tokens": answer.usage.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.usage.input + answer.usage.output,
    }
    yield "response.completed", {"type": "response.completed", "response": {"id": identity, "usage": usage}}


def _texts(value: object) -> list[str]:
    """Every string under a ``text``, ``content``, ``output`` or ``arguments`` key, in order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        keys = ("text", "content", "parts", "output", "arguments", "input")
        return [text for key in keys if key in value for text in _texts(value[key])]
    return []
