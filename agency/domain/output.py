"""What an agent says while it works without a terminal, as typed events: the same for every agent.

An agent that is ended, or that cannot even start, says no :class:`TurnEnded`; why is then on its standard error.
"""

from typing import TypeAlias

from agency.domain.frozen import frozen
from agency.domain.usage import Usage


@frozen
class ThreadTold:
    """The conversation that the agent is in, new or gone on with. Some agents tell it again and again."""

    thread_id: str


@frozen
class Message:
    """A message of the agent; with ``part``, a piece of one, which its next pieces follow without anything between them."""

    text: str
    part: bool = False


@frozen
class ToolUse:
    """The agent uses a tool: its name, and in a few words on what."""

    tool: str
    detail: str


@frozen
class ToolEnded:
    """A tool that the agent used is done: well or not, with the beginning of what it gave."""

    ok: bool
    detail: str


@frozen
class UsageTold:
    """Tokens used: by this turn since the last such telling (so they add up), or, with ``whole_thread``, by the conversation
    since it began. ``cost`` (US dollars) is of the same span, None when the agent does not tell."""

    usage: Usage
    whole_thread: bool
    cost: float | None = None


@frozen
class Problem:
    """The agent met an error; ``goes_on`` when it says that it tries again by itself."""

    text: str
    goes_on: bool


@frozen
class TurnEnded:
    """The agent is done with the prompt: well, with its last words (empty when it does not repeat them), or not, with why."""

    ok: bool
    text: str


Output: TypeAlias = ThreadTold | Message | ToolUse | ToolEnded | UsageTold | Problem | TurnEnded
