"""agency ls"""

import click

from agency.cli.interrupt import until_interrupted
from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line, shorten, table
from agency.sessions.listing import Listing


@click.command("ls", short_help="List runs.")
@click.option("--all", "archived", is_flag=True, help="Archived runs too.")
@click.option("--all-repos", is_flag=True, help="The runs of every repo.")
@click.option("--status", metavar="STATUS", help="Only runs whose status begins with this, such as exited or needs.")
@click.option("--watch", "-w", is_flag=True, help="Look again every second until Ctrl-C.")
@as_json
@common
def command(
    archived: bool,
    all_repos: bool,
    status: str | None,
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

    def look() -> Listing:
        return list_observations(context, repo=repo, every_repo=all_repos, archived=archived, status=status)

    if watch and not as_json:
        with until_interrupted():
            _watch(look)
    listing = look()
    if as_json:
        print_json("data", [describe(context, observation) for observation in listing.observations])
    else:
        print_line(_text(listing))


def _text(listing: Listing) -> str:
    if not listing.observations:
        if listing.scope is None:
            return "no runs found"
        return "no runs in this repo; agency ls --all shows archived ones, agency run starts one"
    rows = []
    for observation in listing.observations:
        run, verdict = observation.run, observation.verdict
        name = getattr(run, "name", None)
        rows.append(
            (
                run.run_id,
                shorten(name, 50) if name else "<broken>",
                verdict.status + (" (archived)" if run.archived else ""),
                shorten(verdict.summary, 60) or "-",
                "-",
            )
        )
    return table(("RUN_ID", "NAME", "STATUS", "SUMMARY", "PR"), rows)


def _watch(look: object) -> None:
    """Show the list again and again."""
    import time

    from rich.live import Live
    from rich.text import Text

    assert callable(look)
    with Live(Text(_text(look())), auto_refresh=False, screen=False) as live:
        while True:
            time.sleep(1.0)
            live.update(Text(_text(look())), refresh=True)
