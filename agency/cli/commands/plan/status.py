"""agency plan status"""

import sys
import time

import click

from agency.cli.interrupt import until_interrupted
from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json
from agency.cli.plans import print_state
from agency.domain.planstate import RUNNING
from agency.plans.active import ActivePlan
from agency.sessions.context import Context

_AGAIN = 1.0


@click.command("status", short_help="How a plan is doing.")
@click.argument("ref", metavar="[ID]", required=False)
@click.option("--watch", "-w", is_flag=True, help="Look again every second until Ctrl-C, or the plan has ended.")
@as_json
@common
def command(ref: str | None, watch: bool, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show how a plan is doing: the last one that was begun, or the one of ID (its beginning, or the name of the plan)."""
    from agency.plans.active import find_plan_id, load_active
    from agency.plans.describe import describe_plan
    from agency.sessions.find import require_repo
    from agency.store.plans import read_plan_state

    context = make_context("plan status", lock_timeout)
    here = require_repo(context, repo)
    plan = load_active(context, here.repo_id, find_plan_id(context, here, ref))
    if watch and not as_json:
        with until_interrupted():
            _watch(plan)
        return
    state = read_plan_state(plan.directory)
    if as_json:
        print_json("data", describe_plan(plan, state))
    else:
        print_state(plan, state)
        _tell_conductor(context, plan, state.status)


def _watch(plan: ActivePlan) -> None:
    from agency.store.plans import read_plan_state

    while True:
        state = read_plan_state(plan.directory)
        if sys.stdout.isatty():
            print("\033[H\033[J", end="")
        print_state(plan, state)
        if state.status != RUNNING:
            return
        time.sleep(_AGAIN)


def _tell_conductor(context: Context, plan: ActivePlan, status: str) -> None:
    from agency.store.plans import conductor_of
    from agency.store.plantrash import read_cleaning

    if read_cleaning(plan.directory) is not None:
        context.tell(f"it was cleaned; agency plan restore {plan.plan_id} brings it back")
    elif status == RUNNING and conductor_of(plan.directory) is None:
        context.tell(f"no conductor drives it now; go on with: agency plan resume {plan.plan_id}")
