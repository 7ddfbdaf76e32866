"""agency attach"""

import click

from agency.cli.options import common, make_context, ref_argument
from agency.cli.prompts import has_terminal
from agency.domain.errors import AgencyError


@click.command("attach", short_help="Show the session of a run.")
@ref_argument
@click.option("--read-only", is_flag=True, help="Watch only; what you type is not passed on.")
@common
def command(ref: str, read_only: bool, repo: str | None, lock_timeout: float) -> None:
    """Show the session of a run in this terminal. Ctrl-b d leaves it, and everything goes on.

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
    attach_run(context, require_run(context, ref, repo=repo), read_only=read_only)
