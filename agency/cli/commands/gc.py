"""agency gc"""

from dataclasses import asdict

import click

from agency.cli.options import Duration, as_json, common, make_context
from agency.cli.output import note, print_json, print_line
from agency.cli.sizes import format_size, item_line


@click.command("gc", short_help="Let go of what was archived long ago.")
@click.option(
    "--older-than", type=Duration(), default="30d", show_default=True, metavar="AGE", help="Only what is older."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@as_json
@common
def command(older_than: float, dry_run: bool, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Remove archived runs that are older than AGE for good: record, worktree, and what was kept of their work in git.

    The same goes for plans that were cleaned, and for those that were complete AGE ago and have no run any more. Nothing is
    ever removed without this command, and it never touches a run that was not cleaned.
    """
    from agency.sessions.gc import collect_garbage

    context = make_context("gc", lock_timeout)
    with context.busy("looking at what was archived"):
        gone = collect_garbage(context, repo=repo, older_than=older_than, dry_run=dry_run)
    if as_json:
        print_json("data", {"dry_run": dry_run, "removed": [asdict(item) for item in gone]})
        return
    for item in gone:
        print_line(f"{'would remove' if dry_run else 'removed'}: {item_line(item)}")
    note(
        f"{len(gone)} removed, {format_size(sum(item.size for item in gone))}"
        if not dry_run
        else f"{len(gone)} to remove"
    )
