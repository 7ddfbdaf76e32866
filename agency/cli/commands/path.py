"""agency path"""

import click

from agency.cli.options import common, make_context, ref_argument
from agency.cli.output import print_line


@click.command("path", short_help="Where the worktree of a run is.")
@ref_argument
@common
def command(ref: str, repo: str | None, lock_timeout: float) -> None:
    """Print the path of the worktree, as in: cd "$(agency path fix-login)"."""
    from agency.sessions.find import require_run
    from agency.sessions.worktree import require_worktree

    print_line(require_worktree(require_run(make_context("path", lock_timeout), ref, repo=repo, archived="by id")))
