"""agency plan stop"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_pairs


@click.command("stop", short_help="Stop a plan.")
@click.argument("ref", metavar="[ID]", required=False)
@click.option("--sessions", is_flag=True, help="End the sessions of its runs too; a resume starts their workers again.")
@as_json
@common
def command(ref: str | None, sessions: bool, as_json: bool, repo: str | None, lock_timeout: float) -> int:
    """Stop the conductor of a plan. The workers of its tasks go on with their work, unless --sessions ends them too."""
    from agency.plans.active import find_plan_id, load_active
    from agency.plans.operate import stop_plan
    from agency.sessions.find import require_repo

    context = make_context("plan stop", lock_timeout)
    here = require_repo(context, repo)
    plan = load_active(context, here.repo_id, find_plan_id(context, here, ref))
    done = stop_plan(context, plan, sessions=sessions)
    result = {"plan_id": plan.plan_id, "stopped": done.stopped, "sessions_stopped": done.sessions}
    if as_json:
        print_json("data", result)
    elif done.stopped or done.sessions:
        print_pairs({"stopped": plan.plan_id, "next": f"agency plan resume {plan.plan_id}"})
    else:
        note(f"no conductor drives plan {plan.name} ({plan.plan_id})")
    return 0
