"""agency usage"""

from datetime import datetime

import click

from agency.cli.amounts import cost_cell, cost_line
from agency.cli.options import Since, as_json, common, make_context
from agency.cli.output import note, print_json, print_line, shorten, table
from agency.domain.cost import Bill
from agency.sessions.bills import Bills, bills_of, describe_bills


@click.command("usage", short_help="Tokens and money that runs took.")
@click.option("--since", type=Since(), metavar="AGE|DATE", help="Only what was used since: 7d, 90m, 2030-12-31.")
@click.option("--all", "archived", is_flag=True, help="Archived runs too.")
@click.option("--all-repos", is_flag=True, help="The runs of every repo.")
@as_json
@common
def command(
    since: datetime | None, archived: bool, all_repos: bool, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Show the tokens that the runs of the repo around you (of every repo, when you are in none) took, and what they cost.

    INPUT is what a model read anew, CACHED what it read from its cache, OUTPUT what it wrote, thinking included. COST is what
    the agent reports, else what prices in the config make of it; + means that a part has no price, - that nothing has one.
    """
    context = make_context("usage", lock_timeout)
    moment = since.timestamp() if since is not None else None
    with context.busy("reading what agents wrote down"):
        bills = bills_of(context, repo=repo, every_repo=all_repos, archived=archived, since=moment)
    if as_json:
        told = since.astimezone().isoformat(timespec="seconds") if since is not None else None
        print_json("data", {"since": told, **describe_bills(context, bills)})
        return
    if bills.billed:
        print_line(_table(bills))
        print_line(f"cost: {cost_line(bills.total)}")
    else:
        print_line("no usage found")
    if bills.silent:
        count = len(bills.silent)
        note(f"not counted: {count} run{'s' if count > 1 else ''} whose agent does not tell what it uses")


def _table(bills: Bills) -> str:
    """A row a run and the total, numbers to the right."""
    rows = [
        (run.run_id, shorten(run.name, 50) + (" (archived)" if run.archived else ""), *_cells(usage.bill))
        for run, usage in bills.billed
    ]
    lines = [("RUN_ID", "NAME", "INPUT", "CACHED", "OUTPUT", "COST"), *rows, ("total", "", *_cells(bills.total))]
    widths = [max(len(line[column]) for line in lines) for column in range(2, 6)]
    header, *rest = [
        (*line[:2], *(cell.rjust(width) for cell, width in zip(line[2:], widths, strict=True))) for line in lines
    ]
    return table(header, rest)


def _cells(told: Bill) -> tuple[str, ...]:
    usage = told.usage
    return (f"{usage.input:,}", f"{usage.cached_input:,}", f"{usage.output:,}", cost_cell(told))
