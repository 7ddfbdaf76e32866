"""Where the budgets of a job come from: a flag, an environment variable, the job file, the config, or what is built in."""

from collections.abc import Mapping

from agency.domain.budgets import Budgets
from agency.domain.errors import AgencyError
from agency.domain.settings import Settings

VARIABLES = {
    "max_attempts": "STEP_MAX_ATTEMPTS",
    "timeout_seconds": "STEP_TIMEOUT_SECONDS",
    "idle_timeout_seconds": "STEP_IDLE_TIMEOUT_SECONDS",
    "no_progress_limit": "STEP_NO_PROGRESS_LIMIT",
    "max_resets": "JOB_SELF_HEAL_MAX_RESETS",
}
"""Budget -> the environment variable that sets it."""


def effective_budgets(
    settings: Settings,
    runner: str,
    environ: Mapping[str, str],
    job: Mapping[str, float],
    flags: Mapping[str, float],
) -> tuple[Budgets, Mapping[str, str], str | None]:
    """The budgets that hold, where each came from, and a note when they contradict each other. Raises E_INVALID_CONFIG."""
    values: dict[str, float] = {}
    origins: dict[str, str] = {}
    for name, variable in VARIABLES.items():
        if name in flags:
            values[name], origins[name] = flags[name], "flag"
        elif environ.get(variable, "").strip():
            values[name], origins[name] = _number(variable, environ[variable]), variable
        elif name in job:
            values[name], origins[name] = job[name], "job"
        else:
            values[name], origins[name] = getattr(Budgets(), name), "built in"
    return Budgets.from_record(values), origins, None


def _number(variable: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AgencyError("E_INVALID_CONFIG", f"{variable} is not a number: {text}", hint=f"unset {variable}") from None
