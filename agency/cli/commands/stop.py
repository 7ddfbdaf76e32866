"""agency stop"""

import click

from agency.cli.every import print_outcomes, ref_or_all
from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json


@click.command("stop", short_help="Interrupt the runner of a run.")
@ref_or_all
@as_json
@common
def command(ref: str | None, every: bool, as_json: bool, repo: str | None, lock_timeout: float) -> int:
    """Type Ctrl-C into the pane of the runner and mark the run as needing attention. A later resume clears the mark, and so
    does agency mark --clear."""
    from agency.sessions.find import require_run
    from agency.sessions.stop import stop_run

    context = make_context("stop", lock_timeout)
    if ref is None:
        from agency.sessions.every import stop_every

        return print_outcomes(stop_every(context, repo), as_json)
    run = require_run(context, ref, repo=repo)
    done = stop_run(context, run)
    if as_json:
        print_json("data", {"run_id": run.run_id, "name": run.name, "done": done})
    elif not done:
        note(f"{run.name} has no living runner")
    return 0
