"""agency diff"""

import sys

import click

from agency.cli.options import common, make_context, ref_argument


@click.command("diff", short_help="What a run changed.")
@ref_argument
@click.option("--stat", is_flag=True, help="Only the files and how much changed in each.")
@click.option("--name-only", is_flag=True, help="Only the files.")
@common
def command(ref: str, stat: bool, name_only: bool, repo: str | None, lock_timeout: float) -> None:
    """Show everything a run changed since it left its parent branch: committed or not, untracked files too."""
    from agency.sessions.diff import diff_run
    from agency.sessions.find import require_run

    context = make_context("diff", lock_timeout)
    options = ("--stat",) if stat else ("--name-only",) if name_only else ("--patch",)
    color = "--color=always" if sys.stdout.isatty() and "NO_COLOR" not in context.environ else "--color=never"
    patch = diff_run(
        context, require_run(context, ref, repo=repo, archived="by id"), (color, "--no-ext-diff", *options)
    )
    sys.stdout.buffer.write(patch)
