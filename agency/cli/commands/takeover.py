"""agency takeover"""

import click

from agency.cli.operators import ask, operator_options
from agency.cli.options import as_json, common, ref_argument


@click.command("takeover", short_help="Work in the place of the runner.")
@ref_argument
@operator_options(step=None)
@as_json
@common
def command(
    ref: str,
    reason: str | None,
    wait: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Work in the place of the runner of a headless run: the attempt ends, and the pane shows the agent in the same conversation,
    or a shell. agency attach shows it, agency release gives it back.

    The attempt counts against no budget, and no timer runs meanwhile."""
    return ask(
        "takeover",
        ref,
        reason=reason,
        wait=wait,
        as_json=as_json,
        repo=repo,
        lock_timeout=lock_timeout,
    )
