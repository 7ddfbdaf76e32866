"""Every effective setting with its value and where it comes from, in words."""

import re
import shlex
from collections.abc import Iterator, Mapping

from agency.config.document import written
from agency.config.layers import BUILT_IN
from agency.domain.budgets import BUDGET_KEYS, Budgets
from agency.domain.settings import SCRIPT_NAMES, Settings

NOT_SET = "not set"

_SECRET = re.compile("TOKEN|KEY|SECRET|PASSWORD", re.IGNORECASE)
_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}


def explain(settings: Settings) -> list[tuple[str, str, str]]:
    """Key path, value as one printable line, and origin of every effective setting, in order of the key paths.

    Values of environment variables whose names look secret are given as ``***``.
    """
    return sorted((key, value, settings.origins.get(key, BUILT_IN)) for key, value in _values(settings))


def _values(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "defaults.runner", _text(settings.runner)
    yield "defaults.editor", _text(settings.editor)
    yield "defaults.parent", _text(settings.parent)
    yield "tmux.socket", _text(settings.tmux_socket)
    yield "session.startup_grace", _duration(settings.startup_grace)
    yield "worktree.copy", _words(settings.worktree_copy)
    yield "worktree.link", _words(settings.worktree_link)
    yield "notify.when", _words(settings.notify.when)
    yield "notify.command", _words(settings.notify.command)
    yield "notify.bell", _flag(settings.notify.bell)
    yield "notify.desktop", _flag(settings.notify.desktop)
    for key, budget in BUDGET_KEYS.items():
        yield f"healing.{key}", _budget(key, settings.healing.get(key, getattr(Budgets(), budget)))
    if settings.failure_rules:
        yield (
            "healing.failure_rules",
            _text("; ".join(f"{rule.pattern}: {rule.failure_class}" for rule in settings.failure_rules)),
        )
    for key, option in settings.isolation.items():
        if isinstance(option, Mapping):
            for name, value in option.items():
                yield written(("isolation", key, name)), _option(value)
        else:
            yield f"isolation.{key}", _text(option)
    for model, price in settings.prices.items():
        yield written(("prices", model, "input")), f"{price.input:g}"
        yield written(("prices", model, "cached_input")), f"{price.cached_input:g}"
        yield written(("prices", model, "output")), f"{price.output:g}"
    for name, editor in settings.editors.items():
        yield written(("editors", name)), _words(editor)
    for name, runner in settings.runners.items():
        yield written(("runners", name, "command")), _words(runner.command)
        yield written(("runners", name, "env_passthrough")), _words(runner.env_passthrough)
        for key in ("start", "resume", "fork", "headless", "headless_resume"):
            if words := getattr(runner, key):
                yield written(("runners", name, key)), _words(words)
        if runner.thread_pattern is not None:
            yield written(("runners", name, "thread_pattern")), _text(runner.thread_pattern)
        for state, patterns in runner.state_patterns.items():
            yield written(("runners", name, "state_patterns", state)), _words(patterns)
        for key, budget_value in runner.healing.items():
            yield written(("runners", name, "healing", key)), _budget(key, budget_value)
        if runner.trust_worktrees:
            yield written(("runners", name, "trust_worktrees")), _flag(runner.trust_worktrees)
        for variable, value in runner.env.items():
            shown = "***" if _SECRET.search(variable) else _text(value)
            yield written(("runners", name, "env", variable)), shown
    for name in SCRIPT_NAMES:
        script = settings.scripts.get(name)
        if script is None:
            yield f"scripts.{name}", NOT_SET
            continue
        if script.path is None:
            yield f"scripts.{name}.command", _words(script.argv)
        else:
            yield f"scripts.{name}.path", _text(script.path)
        yield f"scripts.{name}.timeout", _duration(script.timeout)


def _text(value: str | None) -> str:
    if value is None:
        return NOT_SET
    # A line break or an escape sequence in a config file must not reach the terminal.
    return value if value.isprintable() else repr(value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _option(value: object) -> str:
    if isinstance(value, tuple):
        return _words(value)
    return _flag(value) if isinstance(value, bool) else _text(str(value))


def _words(words: tuple[str, ...]) -> str:
    return _text(shlex.join(words)) if words else NOT_SET


def _budget(key: str, value: float) -> str:
    return _duration(value) if key.endswith("timeout") else f"{value:g}"


def _duration(seconds: float) -> str:
    """``seconds`` in the largest unit that says it exactly."""
    milliseconds = round(seconds * 1000, 6)
    for unit, size in _UNITS.items():
        if milliseconds % size == 0 and milliseconds >= size:
            return f"{int(milliseconds // size)}{unit}"
    return f"{milliseconds:.15g}ms" if milliseconds else "0s"
