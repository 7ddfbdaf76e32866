"""agency plan restore"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_pairs


@click.command("restore", short_help="Bring a plan back.")
@click.argument("ref", metavar="[ID]", required=False)
@as_json
@common
def command(ref: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Bring a plan back that was cleaned: the last one, or the one of ID (its beginning, or the name of the plan). Its record,
    what its tasks made, and the runs that its cleaning archived are as they were; agency plan resume goes on with it."""
    from agency.plans.restore import find_cleaned_plan, restore_plan
    from agency.sessions.find import require_repo

    context = make_context("plan restore", lock_timeout)
    here = require_repo(context, repo)
    plan_id = find_cleaned_plan(context, here, ref)
    with context.busy("bringing the plan back"):
        done = restore_plan(context, here, plan_id)
    for text in done.failed:
        note(f"not brought back: {text}")
    if as_json:
        print_json("data", {"restored": plan_id, "runs": list(done.runs), "failed": list(done.failed)})
    else:
        print_pairs({"restored": plan_id, "runs": len(done.runs), "next": f"agency plan status {plan_id}"})
