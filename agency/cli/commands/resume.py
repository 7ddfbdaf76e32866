"""agency resume"""

import click

from agency.cli.every import print_outcomes, ref_or_all
from agency.cli.options import allow_scripts, as_json, common, make_context
from agency.cli.output import note, print_json, print_line
from agency.cli.prompts import can_ask, confirm, has_terminal
from agency.domain.errors import AgencyError


@click.command("resume", short_help="Go back into a run.")
@ref_or_all
@click.option("--detached", "-d", is_flag=True, help="Make sure the session is there, without showing it.")
@click.option("--restart", is_flag=True, help="End the runner and start it again in the same pane.")
@click.option("--fresh", is_flag=True, help="A runner that is started begins a new conversation.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before a living runner is ended.")
@allow_scripts
@as_json
@common
def command(
    ref: str | None,
    every: bool,
    detached: bool,
    restart: bool,
    fresh: bool,
    yes: bool,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Go back into a run. A living session is shown; a missing one is made; a runner that has exited is started again in
    its own pane and goes on with its conversation, where it has one. No script runs and git is not touched.

    With --all, every run of the repo gets its session back (after a reboot, say), except those you ended with agency kill.
    """
    from agency.sessions.attach import attach_run
    from agency.sessions.find import require_run
    from agency.sessions.resume import ResumeRequest, resume_run

    context = make_context(
        "resume --restart" if restart else "resume",
        lock_timeout,
        allow_scripts=allow_scripts,
        may_ask=not as_json and not every,
    )
    detached = detached or as_json or every
    request = ResumeRequest(
        detached=detached, restart=restart, yes=yes, fresh=fresh, confirm=confirm if can_ask() and not every else None
    )
    if ref is None:
        from agency.sessions.every import resume_every

        return print_outcomes(resume_every(context, repo, request), as_json)
    if not detached and not has_terminal():
        raise AgencyError(
            "E_NOT_INTERACTIVE", "there is no terminal to show the session in", hint=f"agency resume {ref} --detached"
        )
    run = require_run(context, ref, repo=repo, archived="by id")
    resumed = resume_run(context, run, request)
    if resumed is None:
        note("canceled")
    elif as_json:
        result = {"run_id": run.run_id, "name": run.name, "tmux": run.session_name}
        print_json("data", {**result, "event": resumed.event, "revived": resumed.revived})
    elif detached:
        print_line(f"ok: session {run.session_name} ready")
    else:
        attach_run(context, run, read_only=False, record=False)
    return 0
