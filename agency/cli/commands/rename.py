"""agency rename"""

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import print_json, print_line


@click.command("rename", short_help="Give a run another name.")
@ref_argument
@click.argument("name")
@as_json
@common
def command(ref: str, name: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Give a run another name. Its id, branch, worktree and session stay as they are."""
    from agency.sessions.find import require_run
    from agency.sessions.mark import rename_run

    context = make_context("rename", lock_timeout)
    run = require_run(context, ref, repo=repo)
    rename_run(context, run, name)
    if as_json:
        print_json("data", {"run_id": run.run_id, "name": name, "earlier_name": run.name})
    else:
        print_line(f"renamed: {run.name} -> {name}")
