"""One headless turn of a real agent, as whoever drives it would have it: its command line from the adapter, the prompt on its
standard input, its lines read as typed events."""

import subprocess
from dataclasses import dataclass
from typing import TypeVar

from agency.domain.output import Message, Output, ThreadTold, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.adapter import Scene
from agency.runners.table import ADAPTERS
from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import ModelServer
from internal_tests.support.world import World

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Turn:
    """What an agent told, how it ended and what it complained."""

    told: list[Output]
    code: int
    complaint: str

    def all(self, kind: type[_Kind]) -> list[_Kind]:
        """What was told of one kind."""
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def thread_id(self) -> str:
        """The one conversation it told."""
        (thread_id,) = {event.thread_id for event in self.all(ThreadTold)}
        return thread_id

    @property
    def said(self) -> str:
        """Its messages."""
        return "".join(event.text if event.part else f"{event.text}\n" for event in self.all(Message))

    @property
    def end(self) -> TurnEnded:
        """How the turn ended."""
        return self.all(TurnEnded)[-1]

    @property
    def usage(self) -> Usage:
        """The tokens of the conversation, of an agent that counts so, or else of the turn."""
        told = self.all(UsageTold)
        return told[-1].usage if told[-1].whole_thread else sum((event.usage for event in told), Usage())

    @property
    def counts_whole_thread(self) -> bool:
        """Whether the tokens are those of the conversation."""
        return self.all(UsageTold)[-1].whole_thread


class Headless:
    """A real agent without a terminal, in a worktree of a world."""

    def __init__(self, world: World, agent: Agent, server: ModelServer, *, words: tuple[str, ...] = ()) -> None:
        agent.prepare(world, server)
        self.agent = agent
        self.words = (*agent.words, *words)
        self.adapter = ADAPTERS[agent.name]
        self.worktree = world.root / "worktree"
        world.git("worktree", "add", "--quiet", "--detach", str(self.worktree))
        self._directory = world.root / "record"
        self._directory.mkdir()
        self._env = world.env

    @property
    def scene(self) -> Scene:
        """Where it works."""
        return Scene(worktree=str(self.worktree), directory=str(self._directory), environ=self._env)

    def turn(self, prompt: str, thread_id: str | None = None) -> Turn:
        """Have ``prompt`` answered, in a new conversation or in ``thread_id``."""
        words = self.adapter.headless(self.scene, self.words, prompt, thread_id)
        assert words is not None and words.typed is not None
        done = subprocess.run(
            [str(self.agent.program), *words.words],
            cwd=self.worktree,
            env=self._env,
            input=words.typed.encode(),
            capture_output=True,
            timeout=180,
        )
        told = [event for line in done.stdout.decode().splitlines() for event in self.adapter.read_output(line)]
        turn = Turn(told=told, code=done.returncode, complaint=done.stderr.decode(errors="replace"))
        if words.thread_id is not None and turn.all(ThreadTold):
            assert turn.thread_id == words.thread_id
        return turn
