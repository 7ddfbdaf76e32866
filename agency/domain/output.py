"""What an agent says while it works without a terminal, as typed events: the same for every agent."""

from dataclasses import dataclass
from typing import TypeAlias

from agency.domain.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadTold:
    """The conversation that the agent is in, new or gone on with."""

    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A whole message of the agent."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """The agent uses a tool: its name, and in a few words on what."""

    tool: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTold:
    """Tokens used: by this turn, or, with ``whole_thread``, by the conversation since it began. ``cost`` (US dollars) is of the
    same span, None when the agent does not tell."""

    usage: Usage
    whole_thread: bool
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The agent met an error; ``goes_on`` when it says that it tries again by itself."""

    text: str
    goes_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """The agent is done with the prompt: well or not, with its last words."""

    ok: bool
    text: str


Output: TypeAlias = ThreadTold | Message | ToolUse | UsageTold | Problem | TurnEnded
