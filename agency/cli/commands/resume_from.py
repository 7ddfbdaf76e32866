"""agency resume-from"""

import click

from agency.cli.operators import ask, operator_options
from agency.cli.options import as_json, common, ref_argument


@click.command("resume-from", short_help="Go on with a job from an earlier step.")
@ref_argument
@operator_options(step="The step to go on from.")
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
    """Go on with the job of a headless run from a step that it has reached: the worktree is rebuilt as it was before that step.
    An attempt that runs is ended.

    The checkpoints of that step and of those after it are kept as superseded."""
    return ask(
        "resume_from_step",
        ref,
        step=step,
        reason=reason,
        wait=wait,
        as_json=as_json,
        repo=repo,
        lock_timeout=lock_timeout,
    )
