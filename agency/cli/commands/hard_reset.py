"""agency hard-reset"""

import click

from agency.cli.operators import ask, operator_options
from agency.cli.options import as_json, common, ref_argument


@click.command("hard-reset", short_help="Rebuild the worktree and begin a step anew.")
@ref_argument
@operator_options(step="The step; the current one without it.")
@as_json
@common
def command(
    ref: str,
    step: str | None,
    reason: str | None,
    wait: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Rebuild the worktree of a headless run from the commit it began with and the checkpoints of the steps before, then begin
    the step anew in a new conversation. An attempt that runs is ended.

    The worktree as it was is kept: in the evidence folder of the record of the run, and as a checkpoint."""
    return ask(
        "hard_reset_step",
        ref,
        step=step,
        reason=reason,
        wait=wait,
        as_json=as_json,
        repo=repo,
        lock_timeout=lock_timeout,
    )
