"""agency plan runs"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_line, table


@click.command("runs", short_help="The plans that were begun.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the last N.")
@as_json
@common
def command(limit: int | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """List the plans that were begun in this repo, newest first, and how each stands."""
    from agency.domain.errors import AgencyError
    from agency.domain.planstate import COMPLETE
    from agency.plans.active import load_active
    from agency.plans.describe import describe_plan
    from agency.sessions.find import require_repo
    from agency.store.plans import list_plans, read_plan_state

    context = make_context("plan runs", lock_timeout)
    here = require_repo(context, repo)
    told = []
    for plan_id in list(reversed(list_plans(context.paths, here.repo_id)))[:limit]:
        try:
            plan = load_active(context, here.repo_id, plan_id)
            told.append(describe_plan(plan, read_plan_state(plan.directory)))
        except AgencyError as error:
            note(f"{plan_id}: {error.message}")
    if as_json:
        print_json("data", told)
        return
    if not told:
        note("no plan was begun in this repo")
        return
    rows = []
    for one in told:
        complete = sum(task["status"] == COMPLETE for task in one["tasks"])
        driven = "driven" if one["conductor"] is not None else "cleaned" if one["cleaned"] else ""
        rows.append(
            (one["plan_id"], one["name"], one["status"], f"{complete}/{len(one['tasks'])}", one["branch"], driven)
        )
    print_line(table(("PLAN ID", "NAME", "STATUS", "COMPLETE", "BRANCH", ""), rows))
