"""agency retry-step"""

import click

from agency.cli.operators import ask, operator_options
from agency.cli.options import as_json, common, ref_argument


@click.command("retry-step", short_help="Begin a step of a job anew.")
@ref_argument
@operator_options(step="The step; the current one without it. One before that is rebuilt to.")
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
    """Begin the current step of a headless run anew, with all of its attempts, in the worktree as it is. It also takes up a job
    that has stopped. An attempt that runs goes on to its end first.

    With --step of an earlier step the worktree is rebuilt first, as agency resume-from does."""
    return ask(
        "retry_step",
        ref,
        step=step,
        reason=reason,
        wait=wait,
        as_json=as_json,
        repo=repo,
        lock_timeout=lock_timeout,
    )
