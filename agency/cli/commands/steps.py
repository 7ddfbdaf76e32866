"""agency steps"""

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import print_json, print_line, table


@click.command("steps", short_help="The steps of a job.")
@ref_argument
@as_json
@common
def command(ref: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show the steps of the job of a headless run: which are accepted, which one is current, how many attempts each took. Of a
    job that stopped, whether it may be resumed and its worktree rebuilt."""
    from agency.sessions.find import require_run
    from agency.sessions.jobs import describe_steps

    context = make_context("steps", lock_timeout)
    told = describe_steps(require_run(context, ref, repo=repo, archived="yes"))
    if as_json:
        print_json("data", told)
        return
    most = told["budgets"]["max_attempts"]
    rows = [
        (
            f"#{step['index'] + 1}",
            step["id"],
            step["state"],
            f"{step['attempts']} ({step['consumed']} of {most})",
            step["title"],
        )
        for step in told["steps"]
    ]
    print_line(table(("STEP", "ID", "STATE", "ATTEMPTS", "TITLE"), rows))
    recovery = told["recovery"]
    if recovery is None:
        return
    if recovery["resume_allowed"]:
        print_line(f"it may be resumed, in {'the same' if recovery['same_thread'] else 'another'} conversation")
    else:
        print_line(f"it cannot be resumed: {recovery['blocked_reason']}")
    if not recovery["rebuild_allowed"]:
        print_line(f"its worktree cannot be rebuilt: {recovery['rebuild_blocked_reason']}")
