"""Which value wins: the repo's file over the user's, key by key, and both over what is built in."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agency.domain.budgets import BUDGET_KEYS
from agency.domain.frozen import frozen
from agency.domain.settings import SCRIPT_TIMEOUTS, NotifySettings, RunnerSettings, ScriptSettings, Settings
from agency.domain.usage import Price

if TYPE_CHECKING:
    from agency.domain.failures import ErrorRule

BUILT_IN = "built in"

_BUILT_IN_KEYS = (
    "defaults.runner",
    "defaults.editor",
    "defaults.parent",
    "tmux.socket",
    "session.startup_grace",
    "worktree.copy",
    "worktree.link",
    "notify.when",
    "notify.command",
    "notify.bell",
    "notify.desktop",
    *(f"healing.{name}" for name in BUDGET_KEYS),
)


@frozen
class Layer:
    """The values of one file, nested as they are written there, and for the key path of each where it is written. ``of_repo``
    holds the keys that lead to each, when it is the repo's file."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    of_repo: frozenset[tuple[str, ...]] = frozenset()


def effective_settings(layers: Sequence[Layer]) -> Settings:
    """The settings that ``layers`` (the lowest first) add up to, above what is built in."""
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_BUILT_IN_KEYS, BUILT_IN)
    for layer in layers:
        values = _merged(values, layer.values)
        origins.update(layer.origins)
    built_in = Settings()
    defaults, worktree = values.get("defaults", {}), values.get("worktree", {})
    scripts = {name: _script(name, script) for name, script in values.get("scripts", {}).items()}
    for name in scripts:
        origins.setdefault(f"scripts.{name}.timeout", BUILT_IN)
    return Settings(
        runner=defaults.get("runner", built_in.runner),
        editor=defaults.get("editor"),
        parent=defaults.get("parent"),
        runners={name: RunnerSettings(**runner) for name, runner in values.get("runners", {}).items()},
        healing={key: value for key, value in values.get("healing", {}).items() if key != "failure_rules"},
        failure_rules=_failure_rules(values.get("healing", {}).get("failure_rules", ())),
        isolation=values.get("isolation", {}),
        editors=values.get("editors", {}),
        scripts=scripts,
        tmux_socket=values.get("tmux", {}).get("socket"),
        startup_grace=values.get("session", {}).get("startup_grace", built_in.startup_grace),
        worktree_copy=worktree.get("copy", ()),
        worktree_link=worktree.get("link", ()),
        notify=NotifySettings(**values.get("notify", {})),
        prices={model: _price(price) for model, price in values.get("prices", {}).items()},
        origins=origins,
        of_repo=frozenset().union(*(layer.of_repo for layer in layers)),
    )


def _failure_rules(rules: Sequence[Mapping[str, Any]]) -> "tuple[ErrorRule, ...]":
    if not rules:
        return ()
    from agency.domain.failures import ErrorRule

    return tuple(ErrorRule(failure_class=rule["means"], pattern=rule["pattern"]) for rule in rules)


def _price(price: Mapping[str, float]) -> Price:
    return Price(input=price["input"], cached_input=price.get("cached_input", price["input"]), output=price["output"])


def _script(name: str, script: Mapping[str, Any]) -> ScriptSettings:
    path = script.get("path")
    return ScriptSettings(
        argv=script["command"] if path is None else (path,),
        path=path,
        timeout=script.get("timeout", SCRIPT_TIMEOUTS[name]),
    )


def _merged(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
