"""agency plan resume"""

from collections.abc import Mapping
from typing import Any

import click

from agency.cli.options import allow_scripts, as_json, common, make_context
from agency.cli.plans import drive_apart, drive_here, plan_flags


@click.command("resume", short_help="Go on with a plan.")
@click.argument("ref", metavar="[ID]", required=False)
@click.option("--detached", "-d", is_flag=True, help="The conductor works in a tmux session of its own.")
@plan_flags
@allow_scripts
@as_json
@common
def command(
    ref: str | None,
    detached: bool,
    flags: Mapping[str, Any],
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Go on with a plan that was stopped, is paused, or whose conductor died: the last one, or the one of ID (its beginning, or
    the name of the plan).

    Workers that live are found again and left to their work; those that are gone are started again in the same worktree and
    conversation. What was given on the command line to agency plan run holds, but for what is given now.
    """
    from agency.plans.active import find_plan_id
    from agency.plans.start import go_on
    from agency.sessions.find import require_repo

    context = make_context("plan resume", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    here = require_repo(context, repo)
    plan = go_on(context, here, find_plan_id(context, here, ref), flags)
    return (drive_apart if detached else drive_here)(context, plan, as_json=as_json)
