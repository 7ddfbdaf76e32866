"""Commands that act on one run or, with ``--all``, on every run of the repo."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agency.cli.options import complete_ref
from agency.cli.output import print_json, print_line
from agency.domain.errors import EXIT_DONE, EXIT_ERROR

if TYPE_CHECKING:
    from agency.sessions.every import Outcome

F = TypeVar("F", bound=Callable[..., Any])


def _exclusive(ctx: click.Context, param: click.Parameter, every: bool) -> bool:
    if every == (ctx.params.get("ref") is not None):
        raise click.UsageError("name one run, or all of them with --all")
    return every


def ref_or_all(command: F) -> F:
    """``[<ref>]`` and ``--all``, of which exactly one is given."""
    command = click.option("--all", "every", is_flag=True, callback=_exclusive, help="Every run of the repo.")(command)
    return click.argument("ref", required=False, is_eager=True, shell_complete=complete_ref)(command)


def print_outcomes(outcomes: "list[Outcome]", as_json: bool) -> int:
    """A line for each run, and the exit code: an error if any run failed."""
    if as_json:
        print_json(
            "data",
            [
                {
                    "run_id": outcome.run_id,
                    "name": outcome.name,
                    "ok": outcome.error is None,
                    "result": outcome.text,
                    "error": outcome.error,
                }
                for outcome in outcomes
            ],
        )
    else:
        for outcome in outcomes:
            state = "ok" if outcome.error is None else outcome.error
            print_line(f"{state}: {outcome.name} {outcome.text}")
    return EXIT_ERROR if any(outcome.error is not None for outcome in outcomes) else EXIT_DONE
