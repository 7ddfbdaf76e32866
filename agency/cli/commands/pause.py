"""agency pause"""

import click

from agency.cli.operators import ask, operator_options
from agency.cli.options import as_json, common, ref_argument


@click.command("pause", short_help="Hold the job of a headless run.")
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
    """Hold the job of a headless run: the attempt that runs goes on to its end, and none begins after it. agency unpause lets it
    go on."""
    return ask(
        "pause",
        ref,
        reason=reason,
        wait=wait,
        as_json=as_json,
        repo=repo,
        lock_timeout=lock_timeout,
    )
