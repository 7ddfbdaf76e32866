"""Where the budgets of a job come from: a flag, an environment variable, the job file, the config, or what is built in."""

import re
from collections.abc import Mapping

from agency.config.document import written
from agency.config.layers import BUILT_IN
from agency.config.values import Attempts, AttemptTime, Count
from agency.domain.budgets import BUDGET_KEYS, Budgets
from agency.domain.errors import AgencyError
from agency.domain.settings import Settings

VARIABLES = {
    "max_attempts": "STEP_MAX_ATTEMPTS",
    "timeout": "STEP_TIMEOUT_SECONDS",
    "idle_timeout": "STEP_IDLE_TIMEOUT_SECONDS",
    "no_progress_limit": "STEP_NO_PROGRESS_LIMIT",
    "max_resets": "JOB_SELF_HEAL_MAX_RESETS",
}
"""Key of a budget -> the environment variable that sets it."""

_WHOLE = re.compile(r"[0-9]+")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def effective_budgets(
    settings: Settings,
    runner: str,
    environ: Mapping[str, str],
    job: Mapping[str, float],
    flags: Mapping[str, float],
) -> tuple[Budgets, Mapping[str, str], str | None]:
    """The budgets of a job that ``runner`` works on, where each came from, and a note when they contradict each other, else None.

    ``job`` and ``flags`` hold those that the job file and the command line give, by key. Raises E_INVALID_CONFIG for a variable
    that cannot be understood, and for a flag out of range, also where another would win over it.
    """
    told = {key: text for key, name in VARIABLES.items() if (text := environ.get(name, "").strip())}
    variables = {key: _number(key, text) for key, text in told.items()}
    for key, value in flags.items():
        if not _is_possible(key, value):
            name = f"--{key.replace('_', '-')}"
            raise _impossible(key, name, f"{value:g}", "leave it out, or give it such a number", flag=name)
    values: dict[str, float] = {}
    origins: dict[str, str] = {}
    configured = settings.runners.get(runner)
    for key, budget in BUDGET_KEYS.items():
        given: tuple[tuple[Mapping[str, float], str], ...] = (
            (flags, "flag"),
            (variables, VARIABLES[key]),
            (job, "job"),
            (
                configured.healing if configured is not None else {},
                _origin(settings, "runners", runner, "healing", key),
            ),
            (settings.healing, _origin(settings, "healing", key)),
            ({key: getattr(Budgets(), budget)}, BUILT_IN),
        )
        values[budget], origins[key] = next((source[key], origin) for source, origin in given if key in source)
    budgets = Budgets.from_record(values)
    idle, wall = budgets.idle_timeout_seconds, budgets.timeout_seconds
    note = None
    if idle and wall and idle >= wall:
        note = f"idle_timeout ({idle:g} s) never comes before timeout ({wall:g} s)"
    return budgets, origins, note


def _origin(settings: Settings, *path: str) -> str:
    return settings.origins.get(written(path), BUILT_IN)


def _number(key: str, text: str) -> float:
    """What a variable sets. Raises E_INVALID_CONFIG."""
    form = _SECONDS if _is_time(key) else _WHOLE
    # As a float first: digits without end are no int.
    if form.fullmatch(text) is None or not _is_possible(key, float(text)):
        name = VARIABLES[key]
        raise _impossible(key, name, repr(text), f"unset {name}, or set it to such a number", variable=name)
    return float(text) if _is_time(key) else int(text)


def _is_time(key: str) -> bool:
    return key.endswith("timeout")


def _range(key: str) -> tuple[float, float]:
    """The least and the most that a config file may say too."""
    if _is_time(key):
        return 0, AttemptTime.longest
    kind = Attempts if key == "max_attempts" else Count
    return kind.least, kind.most


def _is_possible(key: str, value: float) -> bool:
    least, most = _range(key)
    return least <= value <= most and (_is_time(key) or value == int(value))


def _impossible(key: str, name: str, given: str, hint: str, **where: str) -> AgencyError:
    """E_INVALID_CONFIG for what ``name``, a variable or a flag, gives."""
    least, most = _range(key)
    what = "a number of seconds" if _is_time(key) else "a whole number"
    message = f"{name} must be {what} from {least:.0f} to {most:.0f}, and is {given}"
    return AgencyError("E_INVALID_CONFIG", message, hint=hint, **where)
