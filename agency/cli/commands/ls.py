"""agency ls"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from agency.cli.interrupt import until_interrupted
from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line, shorten, table
from agency.domain.durations import format_duration
from agency.domain.frozen import frozen
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.listing import Listing
from agency.sessions.observe import Observation

if TYPE_CHECKING:
    from agency.domain.conflicts import Radar
    from agency.sessions.usage import RunUsage


@frozen
class Wide:
    """What the wide list has besides: what runs spent, by run id, and how they conflict."""

    usages: "dict[str, RunUsage]"
    radar: "Radar"


@click.command("ls", short_help="List runs.")
@click.option("--all", "archived", is_flag=True, help="Archived runs too.")
@click.option("--all-repos", is_flag=True, help="The runs of every repo.")
@click.option("--status", metavar="STATUS", help="Only runs whose status begins with this, such as exited or needs.")
@click.option("--wide", is_flag=True, help="With runner, branch, age, model, tokens, cost and conflicts.")
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

    def look(told: Context = context) -> tuple[Listing, Wide | None]:
        listing = list_observations(told, repo=repo, every_repo=all_repos, archived=archived, status=status)
        return listing, _wide(told, listing) if wide else None

    if watch and not as_json:
        with until_interrupted():
            _watch(lambda again: _text(*look(replace(context, tell=lambda text: None) if again else context)))
    listing, more = look()
    if as_json:
        rows = [describe(context, seen) for seen in listing.observations]
        if more is not None:
            for row, seen in zip(rows, listing.observations, strict=True):
                row.update(_described(seen.run, more))
        print_json("data", rows)
    else:
        print_line(_text(listing, more))


def _wide(context: Context, listing: Listing) -> Wide:
    from agency.sessions.conflicts import radar_of
    from agency.sessions.usage import usages_of

    present = dict.fromkeys(seen.run.repo_id for seen in listing.observations if not seen.run.archived)
    usages = usages_of(context, [seen.run for seen in listing.observations])
    return Wide(usages=usages, radar=radar_of(context, present))


def _described(run: Run | BrokenRun, wide: Wide) -> dict[str, object]:
    """What ``--wide --json`` has besides. ``conflicts`` is None when nothing can be said of them."""
    from agency.sessions.bills import describe_usage
    from agency.sessions.conflicts import describe_conflict

    usage = wide.usages.get(run.run_id)
    known = run.run_id not in wide.radar.unknown
    return {
        "usage": describe_usage(usage) if usage is not None else None,
        "conflicts": [describe_conflict(one) for one in wide.radar.of_run(run.run_id)] if known else None,
    }


def _text(listing: Listing, more: Wide | None) -> str:
    if not listing.observations:
        if listing.scope is None:
            return "no runs found"
        return "no runs in this repo; agency ls --all shows archived ones, agency run starts one"
    header = ("RUN_ID", "NAME", "STATUS", "SUMMARY", "PR")
    rows = [_row(seen) for seen in listing.observations]
    if more is None:
        return table(header, rows)
    extras = [_more(seen.run, more) for seen in listing.observations]
    wide = [(*row[:3], *extra, *row[3:]) for row, extra in zip(rows, extras, strict=True)]
    between = ("RUNNER", "BRANCH", "AGE", "MODEL", "TOKENS", "COST", "CONFLICTS")
    return table((*header[:3], *between, *header[3:]), wide)


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


def _more(run: Run | BrokenRun, wide: Wide) -> tuple[str, ...]:
    """What the wide list has besides. The model is the one that answered last; ``?`` stands for conflicts that are not known."""
    from agency.cli.amounts import cost_cell, format_tokens

    if not isinstance(run, Run):
        return ("-",) * 7
    usage = wide.usages.get(run.run_id)
    used = (
        (usage.spent[-1].model if usage.spent else "-", format_tokens(usage.bill.usage.total), cost_cell(usage.bill))
        if usage
        else ("-",) * 3
    )
    others = ", ".join(conflict.other for conflict in wide.radar.of_run(run.run_id))
    conflicts = "?" if run.run_id in wide.radar.unknown else shorten(others, 60) or "-"
    return (run.runner, run.branch, _age(run), *used, conflicts)


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
