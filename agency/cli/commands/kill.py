"""agency kill"""

import click

from agency.cli.every import print_outcomes, ref_or_all
from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json


@click.command("kill", short_help="End the session of a run.")
@ref_or_all
@as_json
@common
def command(ref: str | None, every: bool, as_json: bool, repo: str | None, lock_timeout: float) -> int:
    """End the session of a run and every process in it, also those that left their terminal. The worktree and the branch
    stay; agency resume starts the runner again."""
    from agency.sessions.find import require_run
    from agency.sessions.stop import kill_run

    context = make_context("kill", lock_timeout)
    if ref is None:
        from agency.sessions.every import kill_every

        return print_outcomes(kill_every(context, repo), as_json)
    run = require_run(context, ref, repo=repo)
    done = kill_run(context, run)
    if as_json:
        print_json("data", {"run_id": run.run_id, "name": run.name, "done": done})
    elif not done:
        note(f"{run.name} has no session")
    return 0
