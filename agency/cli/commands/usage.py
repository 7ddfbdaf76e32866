"""agency usage"""

from datetime import datetime

import click

from agency.cli.amounts import cost_cell, cost_line, usage_line
from agency.cli.options import Since, as_json, common, make_context
from agency.cli.output import note, print_json, print_line, shorten, table
from agency.domain.cost import Bill


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
    from agency.sessions.bills import bills_of, describe_bills

    context = make_context("usage", lock_timeout)
    moment = since.timestamp() if since is not None else None
    with context.busy("reading what agents wrote down"):
        bills = bills_of(context, repo=repo, every_repo=all_repos, archived=archived, since=moment)
    if as_json:
        told = since.astimezone().isoformat(timespec="seconds") if since is not None else None
        print_json("data", {"since": told, **describe_bills(context, bills)})
        return
    if bills.billed:
        rows = [
            (run.run_id, shorten(run.name, 50) + (" (archived)" if run.archived else ""), *_cells(usage.bill))
            for run, usage in bills.billed
        ]
        print_line(
            table(("RUN_ID", "NAME", "INPUT", "CACHED", "OUTPUT", "COST"), [*rows, ("total", "", *_cells(bills.total))])
        )
    print_line(f"usage: {usage_line(bills.total)}")
    print_line(f"cost: {cost_line(bills.total)}")
    if bills.silent:
        note(f"not counted: {len(bills.silent)} runs whose agent does not tell what it uses")


def _cells(told: Bill) -> tuple[str, ...]:
    usage = told.usage
    return (f"{usage.input:,}", f"{usage.cached_input:,}", f"{usage.output:,}", cost_cell(told))
