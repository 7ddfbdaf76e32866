"""What the commands on plans share."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from agency.cli.output import print_json, print_line
from agency.domain.errors import PLAN_EXIT_CODES
from agency.domain.planstate import COMPLETE, PlanState
from agency.plans.active import ActivePlan
from agency.sessions.context import Context

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS: tuple[tuple[str, click.ParamType[Any], str], ...] = (
    ("max_parallel", click.IntRange(min=1), "How many tasks are worked on at once."),
    ("max_dispatches", click.IntRange(min=1), "How many runs a task may get."),
    ("merge_group", click.IntRange(min=1), "How many finished tasks are judged and merged together."),
    ("max_tokens_per_task", click.IntRange(min=1), "The limit of tokens of each task."),
    ("max_cost_per_task", click.FloatRange(min=0), "The limit of US dollars of each task."),
    ("max_tokens_per_run", click.IntRange(min=1), "The limit of tokens of the whole plan."),
    ("max_cost_per_run", click.FloatRange(min=0), "The limit of US dollars of the whole plan."),
)


def plan_flags(command: F) -> F:
    """An option for each setting that may be given on the command line, passed on together as ``flags``."""
    from functools import wraps

    @wraps(command)
    def gather(**options: Any) -> Any:
        flags = {name: value for name, _, _ in _FLAGS if (value := options.pop(name)) is not None}
        return command(**options, flags=flags)

    wrapped: Any = gather
    for name, kind, says in reversed(_FLAGS):
        wrapped = click.option(
            f"--{name.replace('_', '-')}", name, type=kind, metavar="N", help=f"{says} It holds for a resume too."
        )(wrapped)
    return wrapped  # type: ignore[no-any-return]


def drive_here(context: Context, plan: ActivePlan, *, as_json: bool) -> int:
    """Drive a plan in this process, print how it stands then, and return the exit code that tells it."""
    from agency.domain.errors import EXIT_INTERRUPTED
    from agency.plans.describe import describe_plan
    from agency.plans.drive import drive_plan
    from agency.plans.table import Table

    table = Table(plan)
    drive = drive_plan(context, plan, show=table.show, tell=table.tell)
    state = drive.state
    table.close(state)
    if as_json:
        print_json("data", describe_plan(plan, state))
    else:
        print_line(f"plan_id: {plan.plan_id}")
        print_line(f"status: {state.status}")
        if state.status != COMPLETE:
            print_line(f"next: agency plan resume {plan.plan_id}")
    return EXIT_INTERRUPTED if drive.signal is not None else PLAN_EXIT_CODES[state.status]


def drive_apart(context: Context, plan: ActivePlan, *, as_json: bool) -> int:
    """Start a conductor in a session of its own and print where it is."""
    from agency.cli.output import print_pairs
    from agency.plans.drive import drive_detached

    session = drive_detached(context, plan)
    result: Mapping[str, object] = {
        "plan_id": plan.plan_id,
        "name": plan.name,
        "branch": plan.branch,
        "tmux": session,
        "next": f"agency attach {plan.plan_id}",
    }
    if as_json:
        print_json("data", result)
    else:
        print_pairs(result)
    return 0


def print_state(plan: ActivePlan, state: PlanState) -> None:
    """Print how a plan stands, for people."""
    from agency.plans.describe import rows_of, summary_of

    print_line(f"{plan.name} ({plan.plan_id}) into {plan.branch}: {summary_of(state)}")
    print_line(state_table([row.cells for row in rows_of(plan, state)]))


def state_table(rows: list[tuple[str, ...]]) -> str:
    """The table of tasks."""
    from agency.cli.output import shorten, table

    short = [(*row[:-1], shorten(row[-1], 100)) for row in rows]
    return table(("TASK", "STATUS", "RUNS", "TOKENS", "NAME", "NOTE"), short)
