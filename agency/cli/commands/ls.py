"""agency ls"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import click

from agency.cli.interrupt import until_interrupted
from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line, shorten, table
from agency.domain.durations import format_duration
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.listing import Listing
from agency.sessions.observe import Observation

if TYPE_CHECKING:
    from agency.sessions.usage import RunUsage

Usages: TypeAlias = "dict[str, RunUsage] | None"
"""Run id -> what the run spent; None when that is not asked for."""


@click.command("ls", short_help="List runs.")
@click.option("--all", "archived", is_flag=True, help="Archived runs too.")
@click.option("--all-repos", is_flag=True, help="The runs of every repo.")
@click.option("--status", metavar="STATUS", help="Only runs whose status begins with this, such as exited or needs.")
@click.option("--wide", is_flag=True, help="With runner, branch, age, model, tokens and cost.")
@click.option("--watch", "-w", is_flag=True, help="Look again every second until Ctrl-C.")
@as_json
@common
def command(
    archived: bool,
    all_repos: bool,
    status: str | None,
    wide: bool,
    watch: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """List the runs of the repo around you, or of every repo when you are in none, newest first.

    The status combines what tmux knows with what the runner says of itself; agency explain tells how it came about.
    """
    from agency.sessions.listing import describe, list_observations

    context = make_context("ls", lock_timeout)

    def look(told: Context = context) -> tuple[Listing, Usages]:
        listing = list_observations(told, repo=repo, every_repo=all_repos, archived=archived, status=status)
        return listing, _usages(told, listing) if wide else None

    if watch and not as_json:
        with until_interrupted():
            _watch(lambda again: _text(*look(replace(context, tell=lambda text: None) if again else context)))
    listing, usages = look()
    if as_json:
        rows = [describe(context, seen) for seen in listing.observations]
        if usages is not None:
            from agency.sessions.bills import describe_usage

            for row in rows:
                usage = usages.get(str(row["run_id"]))
                row["usage"] = describe_usage(usage) if usage is not None else None
        print_json("data", rows)
    else:
        print_line(_text(listing, usages))


def _usages(context: Context, listing: Listing) -> "dict[str, RunUsage]":
    from agency.sessions.usage import usages_of

    return usages_of(context, [seen.run for seen in listing.observations])


def _text(listing: Listing, usages: Usages) -> str:
    if not listing.observations:
        if listing.scope is None:
            return "no runs found"
        return "no runs in this repo; agency ls --all shows archived ones, agency run starts one"
    header = ("RUN_ID", "NAME", "STATUS", "SUMMARY", "PR")
    rows = [_row(seen) for seen in listing.observations]
    if usages is None:
        return table(header, rows)
    more = [_more(seen.run, usages) for seen in listing.observations]
    wide = [(*row[:3], *extra, *row[3:]) for row, extra in zip(rows, more, strict=True)]
    return table((*header[:3], "RUNNER", "BRANCH", "AGE", "MODEL", "TOKENS", "COST", *header[3:]), wide)


def _row(seen: Observation) -> tuple[str, ...]:
    name = getattr(seen.run, "name", None)
    number = getattr(seen.run, "pr_number", None)
    return (
        seen.run.run_id,
        shorten(name, 50) if name else "<broken>",
        seen.verdict.status + (" (archived)" if seen.run.archived else ""),
        shorten(seen.verdict.summary, 60) or "-",
        f"#{number}" if number else "-",
    )


def _more(run: Run | BrokenRun, usages: "dict[str, RunUsage]") -> tuple[str, ...]:
    """What the wide list has besides. The model is the one that answered last."""
    from agency.cli.amounts import cost_cell, format_tokens

    if not isinstance(run, Run):
        return ("-",) * 6
    usage = usages.get(run.run_id)
    used = (
        (usage.spent[-1].model if usage.spent else "-", format_tokens(usage.bill.usage.total), cost_cell(usage.bill))
        if usage
        else ("-",) * 3
    )
    return (run.runner, run.branch, _age(run), *used)


def _age(run: Run) -> str:
    """How long ago the run was made."""
    try:
        return format_duration(max(0.0, time.time() - datetime.fromisoformat(run.created_at).timestamp()))
    except (ValueError, OverflowError):
        return "-"


def _watch(text: Callable[[bool], str]) -> None:
    """Show the list again and again."""
    from rich.live import Live
    from rich.text import Text

    with Live(Text(text(False)), auto_refresh=False, screen=False) as live:
        while True:
            time.sleep(1.0)
            live.update(Text(text(True)), refresh=True)
