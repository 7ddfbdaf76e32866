"""The runners that need no configuration."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Builtin:
    """An agent command line.

    ``prompt_words`` go before the first prompt on its command line; None when the agent takes none there.
    ``shared_daemons`` are words in the command lines of background servers that the agent shares between all its
    sessions: they belong to the user and outlive a run.
    """

    command: tuple[str, ...]
    prompt_words: tuple[str, ...] | None
    shared_daemons: tuple[str, ...] = ()


BUILTIN: dict[str, Builtin] = {
    "claude": Builtin(command=("claude",), prompt_words=()),
    "codex": Builtin(command=("codex",), prompt_words=(), shared_daemons=("app-server",)),
    "gemini": Builtin(command=("gemini",), prompt_words=("--prompt-interactive",)),
    "opencode": Builtin(command=("opencode",), prompt_words=("--prompt",)),
    "aider": Builtin(command=("aider",), prompt_words=None),
    "shell": Builtin(command=("{shell}",), prompt_words=None),
}
