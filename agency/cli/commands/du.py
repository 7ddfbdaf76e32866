"""agency du"""

from dataclasses import asdict

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line
from agency.cli.sizes import format_size, item_line


@click.command("du", short_help="What runs cost on disk.")
@as_json
@common
def command(as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show what every run and every archived run of the repo (of all repos, when you are in none) costs on disk."""
    from agency.sessions.gc import disk_usage

    items = disk_usage(make_context("du", lock_timeout), repo)
    total = sum(item.size for item in items)
    if as_json:
        print_json("data", {"total": total, "items": [asdict(item) for item in items]})
        return
    for item in items:
        print_line(item_line(item))
    print_line(f"{format_size(total):>9}  total")
