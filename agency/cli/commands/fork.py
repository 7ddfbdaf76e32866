"""agency fork"""

import click

from agency.cli.options import allow_scripts, as_json, common, make_context, ref_argument
from agency.cli.output import note, print_json, print_pairs, show_output
from agency.cli.prompts import has_terminal
from agency.domain.errors import AgencyError


@click.command("fork", short_help="Another run that starts where this one is.")
@ref_argument
@click.argument("name", required=False)
@click.option("--detached", "-d", is_flag=True, help="Do not show the session.")
@click.option("--prompt", "-p", metavar="TEXT", help="What to say first in the new run.")
@allow_scripts
@as_json
@common
def command(
    ref: str,
    name: str | None,
    detached: bool,
    prompt: str | None,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Make a run NAME that starts as the run REF is now: its files, uncommitted and untracked ones too, and a copy of its
    conversation where the agent can make one. REF goes on untouched.
    """
    from agency.sessions.attach import attach_run
    from agency.sessions.find import require_run
    from agency.sessions.fork import fork_run

    detached = detached or as_json
    if not detached and not has_terminal():
        raise AgencyError(
            "E_NOT_INTERACTIVE", "there is no terminal to show the session in", hint=f"agency fork {ref} -d"
        )
    context = make_context("fork", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    source = require_run(context, ref, repo=repo)
    run = fork_run(context, source, name, prompt, watch=detached, show=show_output)
    if run is None:
        note("canceled")
        return
    result = {
        "run_id": run.run_id,
        "name": run.name,
        "forked_from": source.run_id,
        "branch": run.branch,
        "worktree": run.worktree,
        "tmux": run.session_name,
        "next": f"agency attach {run.name}",
    }
    print_json("data", result) if as_json else print_pairs(result)
    if not detached:
        attach_run(context, run, read_only=False)
