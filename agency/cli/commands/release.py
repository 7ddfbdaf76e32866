"""agency release"""

import click

from agency.cli.operators import ask, operator_options
from agency.cli.options import as_json, common, ref_argument


@click.command("release", short_help="Give a headless run back to its worker.")
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
    """Give a headless run that was taken over back to its worker, which begins a new attempt at the step with the files as they
    are. What still runs in the pane ends."""
    return ask(
        "release",
        ref,
        reason=reason,
        wait=wait,
        as_json=as_json,
        repo=repo,
        lock_timeout=lock_timeout,
    )
