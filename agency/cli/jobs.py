"""What the commands share that begin a job or wait for its end."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from agency.cli.options import Duration
from agency.cli.output import note, print_json, print_line
from agency.domain.errors import EXIT_FAILED, JOB_EXIT_CODES
from agency.domain.run import Run
from agency.sessions.context import Context

F = TypeVar("F", bound=Callable[..., Any])


class _AttemptTime(Duration):
    """A duration, or 0 for none."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; a usage error for anything else."""
        return 0.0 if value == "0" else super().convert(value, param, ctx)


_BUDGETS: tuple[tuple[str, str, click.ParamType[Any], str], ...] = (
    ("max-attempts", "max_attempts", click.IntRange(min=1), "Attempts at each step."),
    ("timeout", "timeout", _AttemptTime(), "How long an attempt may take; 0: as long as it likes."),
    ("idle-timeout", "idle_timeout", _AttemptTime(), "How long an attempt may show no progress; 0: always."),
    ("no-progress-limit", "no_progress_limit", click.IntRange(min=0), "Equal failures in a row that count as stuck."),
    ("max-resets", "max_resets", click.IntRange(min=0), "How often the worktree may be rebuilt."),
)


def budget_options(command: F) -> F:
    """An option for each budget, passed on together as ``budgets``, without those that were not given."""
    wrapped: F = _gathered(command)
    for option, name, kind, says in reversed(_BUDGETS):
        metavar = "DURATION" if isinstance(kind, Duration) else "N"
        wrapped = click.option(
            f"--{option}", name, type=kind, metavar=metavar, help=f"With --headless: {says[0].lower()}{says[1:]}"
        )(wrapped)
    return wrapped


def _gathered(command: F) -> F:
    from functools import wraps

    @wraps(command)
    def gather(**options: Any) -> Any:
        budgets = {name: value for _, name, _, _ in _BUDGETS if (value := options.pop(name)) is not None}
        return command(**options, budgets=budgets)

    return gather  # type: ignore[return-value]


def wait_for_job(context: Context, run: Run, *, as_json: bool) -> int:
    """Wait until the job of a run has ended, print how, and return the exit code that tells it."""
    from agency.sessions.jobwait import wait_for_outcome

    ended = wait_for_outcome(context, run)
    if as_json:
        print_json(
            "data",
            {
                "run_id": run.run_id,
                "name": run.name,
                "outcome": ended.outcome,
                "status": ended.status,
                "reason": ended.reason,
            },
        )
    else:
        print_line(ended.status)
        if ended.reason and ended.outcome != "done":
            note(ended.reason)
    return JOB_EXIT_CODES.get(ended.outcome, EXIT_FAILED)
