"""Where the budgets of a job come from: a flag, an environment variable, the job file, the config, or what is built in."""

from collections.abc import Mapping

from agency.config.layers import BUILT_IN
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
_MOST = 1_000_000.0


def effective_budgets(
    settings: Settings,
    runner: str,
    environ: Mapping[str, str],
    job: Mapping[str, float],
    flags: Mapping[str, float],
) -> tuple[Budgets, Mapping[str, str], str | None]:
    """The budgets of a job that ``runner`` works on, where each came from, and a note when they contradict each other, else None.

    ``job`` and ``flags`` hold those that the job file and the command line give, by key. Raises E_INVALID_CONFIG for a variable
    that cannot be understood.
    """
    values: dict[str, float] = {}
    origins: dict[str, str] = {}
    configured = settings.runners.get(runner)
    for key, budget in BUDGET_KEYS.items():
        variable = VARIABLES[key]
        given: tuple[tuple[Mapping[str, float], str], ...] = (
            (flags, "flag"),
            ({key: _number(key, environ[variable])} if environ.get(variable, "").strip() else {}, variable),
            (job, "job"),
            (
                configured.healing if configured is not None else {},
                _origin(settings, f"runners.{runner}.healing.{key}"),
            ),
            (settings.healing, _origin(settings, f"healing.{key}")),
            ({key: getattr(Budgets(), budget)}, BUILT_IN),
        )
        values[budget], origins[key] = next((source[key], origin) for source, origin in given if key in source)
    budgets = Budgets.from_record(values)
    idle, wall = budgets.idle_timeout_seconds, budgets.timeout_seconds
    note = None
    if idle and wall and idle >= wall:
        note = f"idle_timeout ({idle:g} s) never comes before timeout ({wall:g} s)"
    return budgets, origins, note


def _origin(settings: Settings, key: str) -> str:
    return settings.origins.get(key, BUILT_IN)


def _number(key: str, environ_value: str) -> float:
    """What a variable sets. Raises E_INVALID_CONFIG."""
    seconds = key.endswith("timeout")
    least = 1 if key == "max_attempts" else 0
    try:
        value = float(environ_value) if seconds else int(environ_value)
    except ValueError:
        value = -1.0
    if not least <= value <= _MOST:
        what = "seconds" if seconds else "a whole number"
        raise AgencyError(
            "E_INVALID_CONFIG",
            f"{VARIABLES[key]} must be {what}, {least} or more, and is {environ_value!r}",
            hint=f"unset {VARIABLES[key]}, or set it to a number",
            variable=VARIABLES[key],
        )
    return value
