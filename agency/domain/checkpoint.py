"""A checkpoint of a run: the whole worktree as it was at a moment, kept as a commit. What it is told to be stands in the message
of that commit, so that the ref alone is enough to find everything about it."""

import json

from agency.domain.frozen import frozen

USER = "user"
BEFORE_RESTART = "before restart"
BEFORE_HARD_RESET = "before hard reset"
BEFORE_RESTORE = "before restore"

_LINE = "Agency-Checkpoint: "


@frozen
class Checkpoint:
    """One of them. ``number`` counts from 1 and is not used again; ``created`` is in seconds since 1970; ``head`` is the commit
    that the worktree stood on, None where git knew none. ``left_out`` are untracked files that looked like secrets."""

    number: int
    commit: str
    tree: str
    created: float
    head: str | None
    reason: str
    message: str | None
    left_out: tuple[str, ...]

    @property
    def automatic(self) -> bool:
        """Whether no person asked for it."""
        return self.reason != USER


def commit_message(name: str, *, reason: str, message: str | None, left_out: tuple[str, ...]) -> str:
    """The message of the commit of a checkpoint of the run ``name``."""
    told = {"reason": reason, "message": message, "left_out": list(left_out)}
    first = message.strip().splitlines()[0] if message and message.strip() else reason
    return f"{name}: {first}\n\n{_LINE}{json.dumps(told)}"


def read_commit_message(text: str) -> tuple[str, str | None, tuple[str, ...]]:
    """The reason, message and files left out that a message tells; a message of another make counts as an automatic one."""
    lines = [line for line in text.splitlines() if line.startswith(_LINE)]
    try:
        told = json.loads(lines[-1].removeprefix(_LINE))
        message = told["message"]
        left_out = tuple(str(path) for path in told["left_out"])
        return str(told["reason"]), message if isinstance(message, str) else None, left_out
    except (IndexError, ValueError, KeyError, TypeError):
        return "unknown", None, ()
