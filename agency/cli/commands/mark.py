"""agency mark"""

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import note, print_json


@click.command("mark", short_help="Say that a run needs a look.")
@ref_argument
@click.option("--clear", is_flag=True, help="Say that it needs no look any more.")
@click.option("--reason", default="user_marked", show_default=True, metavar="TEXT", help="Why it needs a look.")
@as_json
@common
def command(ref: str, clear: bool, reason: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Mark a run as needing attention, or clear the mark, whoever set it."""
    from agency.sessions.find import require_run
    from agency.sessions.mark import clear_mark, mark_run

    context = make_context("mark", lock_timeout)
    run = require_run(context, ref, repo=repo)
    changed = True
    if clear:
        changed = clear_mark(run)
    else:
        mark_run(run, reason)
    if as_json:
        attention = None if clear else reason
        print_json("data", {"run_id": run.run_id, "name": run.name, "attention": attention, "changed": changed})
    elif not changed:
        note(f"{run.name} was not marked")
