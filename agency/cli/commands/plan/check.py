"""agency plan check"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line


@click.command("check", short_help="Check a plan.")
@click.argument("name", required=False)
@as_json
@common
def command(name: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Say everything that is wrong with a plan at once: the form of its files, ids that are there twice, locks on resources that
    there are not, files that no lock covers, dependencies that are missing or go in a ring."""
    from agency.plans.ledger import known_tasks
    from agency.plans.load import choose_plan, load_plan
    from agency.sessions.find import require_repo

    context = make_context("plan check", lock_timeout)
    here = require_repo(context, repo)
    chosen = choose_plan(here, name)
    plan = load_plan(here, chosen, elsewhere=known_tasks(context, here, chosen))
    if as_json:
        print_json("data", {"name": plan.name, "tasks": [manifest.task_id for manifest in plan.manifests]})
    else:
        print_line(f"ok: plan {plan.name}, {len(plan.manifests)} task{'' if len(plan.manifests) == 1 else 's'}")
