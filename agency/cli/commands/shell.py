"""agency shell"""

import click

from agency.cli.options import common, make_context, ref_argument


@click.command("shell", short_help="A shell in the worktree.")
@ref_argument
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@common
def command(ref: str, words: tuple[str, ...], repo: str | None, lock_timeout: float) -> int:
    """Start your shell, or COMMAND, in the worktree of a run with its AGENCY_* variables, and exit as it does."""
    from agency.sessions.find import require_run
    from agency.sessions.open import shell_in

    context = make_context("shell", lock_timeout)
    return shell_in(context, require_run(context, ref, repo=repo, archived="by id"), words)
