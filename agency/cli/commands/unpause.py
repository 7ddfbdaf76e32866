"""agency unpause"""

import click

from agency.cli.operators import ask, operator_options
from agency.cli.options import as_json, common, ref_argument


@click.command("unpause", short_help="Let the job of a headless run go on.")
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
    """Let the job of a headless run go on that agency pause, agency takeover or Ctrl-C in its pane holds."""
    return ask(
        "unpause",
        ref,
        reason=reason,
        wait=wait,
        as_json=as_json,
        repo=repo,
        lock_timeout=lock_timeout,
    )
