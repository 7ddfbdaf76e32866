"""agency logs"""

import sys

import click

from agency.cli.interrupt import until_interrupted
from agency.cli.options import common, make_context, ref_argument
from agency.sessions.follow import LOGS


@click.command("logs", short_help="Output of the scripts and the pane.")
@ref_argument
@click.argument("which", type=click.Choice(LOGS), default="pane")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is added.")
@common
def command(ref: str, which: str, follow: bool, repo: str | None, lock_timeout: float) -> None:
    """Print the log of a script or of the last attempt of a headless run, or what the pane of the runner shows with its history
    (pane, the default)."""
    from agency.sessions.find import require_run
    from agency.sessions.follow import log_chunks

    context = make_context("logs", lock_timeout)
    run = require_run(context, ref, repo=repo, archived="yes")
    with until_interrupted():
        for chunk in log_chunks(context, run, which, follow=follow):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
