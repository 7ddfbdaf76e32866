"""What can be configured, as typed values with where each came from."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from agency.domain.frozen import frozen
from agency.domain.usage import Price

if TYPE_CHECKING:  # only workers look at failures
    from agency.domain.failures import ErrorRule

SCRIPT_NAMES = ("setup", "verify", "archive")
SCRIPT_TIMEOUTS: dict[str, float] = {"setup": 600.0, "verify": 1800.0, "archive": 300.0}
"""Seconds that a script may take when the repo's config does not say."""

NOTIFY_STATES = ("waiting", "done", "exited", "stalled")
"""States that a notification can tell of."""

DEFAULT_STARTUP_GRACE = 0.3
"""Seconds within which a runner that ends counts as not started."""


@frozen
class ScriptSettings:
    """A script of the repo: its argv, ``path`` when it is a file of the repo (relative to its root), seconds it may take."""

    argv: tuple[str, ...]
    path: str | None
    timeout: float


@frozen
class RunnerSettings:
    """A configured runner. ``command`` is empty when only its other keys are configured: the built-in command line of that
    name applies. ``env`` is added to what it sees; ``env_passthrough``, when not empty, names the only variables of the
    caller (besides PATH, HOME and the like) that it sees.

    ``start``, ``resume``, ``fork``, ``headless`` and ``headless_resume`` (to go on with a conversation) are words after
    ``command`` of an agent that agency does not know, with ``{thread_id}`` and ``{prompt}`` in them; ``thread_pattern`` is a
    regular expression whose first group is the id of the conversation, in its output; ``state_patterns`` are, for ``working``,
    ``waiting`` and ``done``, regular expressions for the last lines of its screen. ``trust_worktrees``: the agent is told
    beforehand that it may trust a worktree of agency. ``healing`` are budgets, by key, of jobs that it works on."""

    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    env_passthrough: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    fork: tuple[str, ...] = ()
    headless: tuple[str, ...] = ()
    headless_resume: tuple[str, ...] = ()
    thread_pattern: str | None = None
    state_patterns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trust_worktrees: bool = False
    healing: Mapping[str, float] = field(default_factory=dict)

    @property
    def describes_agent(self) -> bool:
        """Whether it says how an agent's conversations are begun or gone on with, and not only how it is started."""
        return any((self.start, self.resume, self.fork, self.headless, self.headless_resume))


@frozen
class NotifySettings:
    """What happens when a run turns to a state of ``when``: ``command`` is started (empty: none), the ``bell`` of the terminals
    that show the session rings, the ``desktop`` is told."""

    when: tuple[str, ...] = NOTIFY_STATES
    command: tuple[str, ...] = ()
    bell: bool = False
    desktop: bool = False

    @property
    def anything(self) -> bool:
        """Whether anything is to be done at all."""
        return bool(self.when) and bool(self.command or self.bell or self.desktop)


@frozen
class Settings:
    """Every effective setting.

    ``origins`` maps a key path such as ``defaults.runner`` or ``runners.claude.command`` to where its value came from:
    ``built in``, ``<file>:<line>``, an environment variable or a flag. ``tmux_socket`` is None for our own server,
    ``default`` for the user's, else a name as for ``tmux -L`` or a path. ``prices`` is by model, where a name may end in ``*``.
    ``healing`` are budgets by key, ``failure_rules`` what errors of runners mean. ``isolation`` holds, under ``use``, the backend
    of jobs that name none, and the options of each backend under its name.
    ``of_repo`` holds the keys that lead to each value written in the repo's file, such as ``("runners", "claude", "command")``.
    """

    runner: str = "claude"
    editor: str | None = None
    parent: str | None = None
    runners: Mapping[str, RunnerSettings] = field(default_factory=dict)
    editors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scripts: Mapping[str, ScriptSettings] = field(default_factory=dict)
    tmux_socket: str | None = None
    startup_grace: float = DEFAULT_STARTUP_GRACE
    worktree_copy: tuple[str, ...] = ()
    worktree_link: tuple[str, ...] = ()
    notify: NotifySettings = NotifySettings()
    prices: Mapping[str, Price] = field(default_factory=dict)
    healing: Mapping[str, float] = field(default_factory=dict)
    failure_rules: "tuple[ErrorRule, ...]" = ()
    isolation: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    of_repo: frozenset[tuple[str, ...]] = frozenset()
