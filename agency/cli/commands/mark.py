"""agency mark"""

import click

from agency.cli.options import common, make_context, ref_argument
from agency.cli.output import note


@click.command("mark", short_help="Say that a run needs a look.")
@ref_argument
@click.option("--clear", is_flag=True, help="Say that it needs no look any more.")
@click.option("--reason", default="user_marked", show_default=True, metavar="TEXT", help="Why it needs a look.")
@common
def command(ref: str, clear: bool, reason: str, repo: str | None, lock_timeout: float) -> None:
    """Mark a run as needing attention, or clear the mark, whoever set it."""
    from agency.sessions.find import require_run
    from agency.sessions.mark import clear_mark, mark_run

    context = make_context("mark", lock_timeout)
    run = require_run(context, ref, repo=repo)
    if not clear:
        mark_run(run, reason)
    elif not clear_mark(run):
        note(f"{run.name} was not marked")
