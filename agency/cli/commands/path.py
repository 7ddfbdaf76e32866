"""agency path"""

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import print_json, print_line


@click.command("path", short_help="Where the worktree of a run is.")
@ref_argument
@as_json
@common
def command(ref: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Print the path of the worktree, as in: cd "$(agency path fix-login)"."""
    from agency.sessions.find import require_run
    from agency.sessions.worktree import require_worktree

    run = require_run(make_context("path", lock_timeout), ref, repo=repo, archived="by id")
    worktree = require_worktree(run)
    if as_json:
        print_json("data", {"run_id": run.run_id, "name": run.name, "worktree": worktree})
    else:
        print_line(worktree)
