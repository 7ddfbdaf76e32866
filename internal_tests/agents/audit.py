"""The audit of a model server: it was sent exactly the conversations that took place, request by request.

A test tells what is said and answered before it happens; the server answers by that. In the end every request must be the next
one that was told, in its conversation, with all that was said in it before and nothing else.
"""

from collections import deque
from dataclasses import dataclass, field

from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.agents.wire import Turn, thread_of, turns_of


@dataclass
class Conversation:
    """What was said in a conversation so far. A fork begins with what the other had come to."""

    name: str
    turns: list[Turn] = field(default_factory=list)

    def fork(self, name: str) -> "Conversation":
        """A conversation that goes on apart from here."""
        return Conversation(name, list(self.turns))


class Audit:
    """Tells ``server`` what to answer, and knows what it must have been asked."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._answers: deque[Answer] = deque()
        self._expected: list[tuple[str, tuple[Turn, ...]]] = []
        server.responder = self._answer

    def expect(self, conversation: Conversation, prompt: str, *answers: Answer) -> None:
        """``prompt`` is about to be said, and answered with ``answers``: tool calls, then a text."""
        conversation.turns.append(Turn(kind="said", text=prompt))
        for answer in answers:
            self._expected.append((conversation.name, tuple(conversation.turns)))
            self._answers.append(answer)
            if answer.tool is None:
                conversation.turns.append(Turn(kind="answered", text=answer.text))
            else:
                conversation.turns.append(Turn(kind="called", text=answer.tool, arguments=answer.arguments))
                conversation.turns.append(Turn(kind="returned", text=answer.returns))

    @property
    def requests(self) -> list[Request]:
        """What the server was asked so far, without asides."""
        return [request for request in list(self._server.requests) if not request.is_aside]

    def check(self) -> dict[str, str]:
        """Fail unless the server was sent what was expected, no more and no less.

        Return the id that the agent gave each conversation.
        """
        requests = self.requests
        seen = [turns_of(request.body) for request in requests]
        told = [f"{len(turns)} turns, last {turns[-1].kind} {turns[-1].text[:60]!r}" for turns in seen]
        assert len(seen) == len(self._expected), f"{len(self._expected)} requests expected, seen: {told}"
        threads: dict[str, str] = {}
        for request, turns, (name, expected) in zip(requests, seen, self._expected, strict=True):
            assert len(turns) == len(expected), f"{name}: {len(expected)} turns expected, seen {turns}"
            for turn, wanted in zip(turns, expected, strict=True):
                assert turn.meets(wanted), f"{name}: {wanted} expected, seen {turn}"
            calls = [turn.call for turn in turns if turn.kind == "called"]
            assert calls == [turn.call for turn in turns if turn.kind == "returned"]
            assert len(set(calls)) == len(calls)
            thread = thread_of(request.body)
            assert thread is not None
            assert threads.setdefault(name, thread) == thread, f"{name} changed its id"
        assert len(set(threads.values())) == len(threads), f"conversations that share an id: {threads}"
        asides = len(self._server.requests) - len(requests)
        assert asides <= len(threads), f"{asides} asides of {len(threads)} conversations"
        return threads

    def _answer(self, request: Request) -> Answer:
        return self._answers.popleft() if self._answers else Answer(text="nothing was expected here")
