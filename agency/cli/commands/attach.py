"""agency attach"""

import click

from agency.cli.options import common, make_context, ref_argument
from agency.cli.prompts import has_terminal
from agency.domain.errors import AgencyError
from agency.sessions.context import Context


@click.command("attach", short_help="Show the session of a run.")
@ref_argument
@click.option("--read-only", is_flag=True, help="Watch only; what you type is not passed on.")
@common
def command(ref: str, read_only: bool, repo: str | None, lock_timeout: float) -> None:
    """Show the session of a run, or of the conductor of a plan, in this terminal. Ctrl-b d leaves it, and everything goes on.

    Inside tmux the client is switched over, or, in another tmux server, a popup shows the session. A runner that has exited
    is shown with its last screen and its exit code.
    """
    from agency.sessions.attach import attach_run
    from agency.sessions.find import require_run

    if not has_terminal():
        raise AgencyError(
            "E_NOT_INTERACTIVE", "there is no terminal to show the session in", hint=f"agency show {ref} --capture"
        )
    context = make_context("attach", lock_timeout)
    try:
        run = require_run(context, ref, repo=repo)
    except AgencyError as error:
        if error.code == "E_RUN_NOT_FOUND":
            _attach_plan(context, ref, repo, read_only)
        raise
    attach_run(context, run, read_only=read_only)


def _attach_plan(context: Context, ref: str, repo: str | None, read_only: bool) -> None:
    """Show the conductor of a plan, where ``ref`` means one."""
    from agency.plans.active import find_plan_id, load_active
    from agency.plans.attach import attach_plan
    from agency.sessions.find import find_repo

    here = find_repo(context, repo)
    if here is None:
        return
    try:
        plan = load_active(context, here.repo_id, find_plan_id(context, here, ref))
    except AgencyError:
        return
    attach_plan(context, plan, read_only=read_only)
