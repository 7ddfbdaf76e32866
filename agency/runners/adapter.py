"""What agency has to know of an agent command line.

An adapter is one class in a module of its own, listed in :mod:`agency.runners.table`, or one that another package brings along
(:mod:`agency.runners.entrypoints`); :mod:`agency.runners.configured` makes one from the config. The defaults here are those of
a program without conversations: a resume starts it afresh. Words are those after the program on its command line; ``extra``
are the words that the user configured or gave, which always stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from agency.domain.frozen import frozen

if TYPE_CHECKING:  # a run is started without them
    from agency.domain.agent import AgentState
    from agency.domain.output import Output
    from agency.domain.usage import Spending
    from agency.runners.flags import Flag


@frozen
class Scene:
    """Where an agent works: its ``worktree``, the ``directory`` of the run's record, and the environment it sees. ``trusted``:
    the user wants the agent to trust the worktree without asking. ``lacking`` are the flags that its installed version is known
    to lack; ``screen`` gives the text of its pane with the history, empty where there is none."""

    worktree: str
    directory: str
    trusted: bool = False
    environ: Mapping[str, str] = field(repr=False)
    lacking: frozenset[str] = frozenset()
    screen: Callable[[], str] = field(default=str, repr=False)


@frozen
class Words:
    """A command line after the program, and the id of the conversation it begins, when that is known beforehand. ``typed`` is
    what the program is to find on its standard input, None for nothing."""

    words: tuple[str, ...]
    thread_id: str | None = None
    typed: str | None = None


class Adapter:
    """A program without conversations that takes its first prompt as the last word."""

    name = "command"
    command: tuple[str, ...] = ()
    has_threads = False
    takes_prompt = True
    model_flag: str | None = None
    """The option that names the model, where there is one."""
    flags: tuple[Flag, ...] = ()
    """The flags that not every version in use has, and that it does without where :attr:`Scene.lacking` names them."""
    dialogs: tuple[tuple[str, str], ...] = ()
    """Phrases on the screen of questions that the agent asks before it does anything else, and what each is."""
    busy: str | None = None
    """A phrase in the last lines of the screen while the agent works, which moves all the time, and never while it asks."""
    asking: tuple[str, ...] = ()
    """Phrases in the last lines of the screen while the agent asks something."""
    confirms_prompts = False
    """Whether :meth:`took_prompt` can tell."""
    state_patterns: Mapping[str, tuple[str, ...]] = {}
    """For ``working``, ``waiting`` and ``done``, regular expressions for the last lines of the screen of an agent that does not
    tell its state otherwise."""
    thread_pattern: str | None = None
    """A regular expression whose first group is the id of the conversation, in what the agent prints."""
    learns_from = "session file"
    """What :meth:`find_thread` looks at, for the record."""
    origin = "built in"
    """How agency comes to know the agent: ``built in``, ``config`` or ``entry point``."""
    tells_usage = False
    """Whether :meth:`spendings` can tell."""
    shared_daemons: tuple[str, ...] = ()
    """Words in the command lines of background servers that the agent shares between all its conversations: they belong to
    the user and outlive a run."""

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """Begin a new conversation."""
        return Words(words=(*extra, *([prompt] if prompt is not None else [])))

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """Go on with a conversation that :meth:`knows` found."""
        raise NotImplementedError(f"{self.name} has no conversations")

    def fork(self, scene: Scene, extra: tuple[str, ...], thread_id: str, prompt: str | None) -> Words | None:
        """Begin a conversation that starts as a copy of ``thread_id``, which stays as it is; None when the agent cannot."""
        return None

    def headless(self, scene: Scene, extra: tuple[str, ...], prompt: str, thread_id: str | None) -> Words | None:
        """Answer ``prompt`` without a terminal and end: in a new conversation, or going on with ``thread_id``, which
        :meth:`knows` found. It has to be started in the worktree, with :attr:`Words.typed` on its standard input at once; its
        standard output is then lines for :meth:`read_output`. None when the agent cannot."""
        return None

    def answering(self, scene: Scene, extra: tuple[str, ...], prompt: str, schema: Mapping[str, Any]) -> Words | None:
        """The same in a new conversation whose last message is JSON that fits ``schema``; None when the agent cannot be held to
        one, which is then part of the prompt."""
        return None

    def read_output(self, line: str) -> tuple[Output, ...]:
        """What one line of headless output tells; nothing for lines of no interest or that cannot be understood, whatever
        stands in them: it never raises."""
        return ()

    def knows(self, scene: Scene, thread_id: str) -> bool | None:
        """Whether the agent still has the conversation and can go on with it in this worktree; None when only trying to resume it
        can show."""
        return False

    def find_thread(self, scene: Scene, since: float) -> str | None:
        """The conversation that the agent is in, from what it wrote at or after ``since`` (seconds since 1970), or None. When
        it is not certain which one that is, None."""
        return None

    def state(self, scene: Scene, thread_id: str | None) -> AgentState | None:
        """What the agent is doing, from what it wrote itself, or None when it does not tell."""
        return None

    def own_files(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """The paths in which the agent keeps its config, credentials and conversations, for a user with that environment:
        absolute, or below ``~/``. None: it needs none, or it is not known."""
        return ()

    def took_prompt(self, scene: Scene, thread_id: str | None, since: float) -> bool:
        """Whether the agent took a prompt at or after ``since`` (seconds since 1970), from what it wrote itself."""
        return False

    def forget_trust(self, scene: Scene) -> None:
        """Take back what the agent was told for good about trusting the worktree. Nothing that the user told it changes."""

    def threads(self, scene: Scene) -> tuple[str, ...]:
        """Every conversation that the agent told of having been in for the run, oldest first: a person may have changed it
        several times since it was started."""
        return ()

    def spendings(self, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
        """What every answer in a conversation took, sub-agents included, none twice, oldest first, from what the agent wrote."""
        return ()
