"""agency plan show"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line, table


@click.command("show", short_help="Show the tasks of a plan.")
@click.argument("name", required=False)
@click.argument("task", required=False)
@as_json
@common
def command(name: str | None, task: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show the tasks of a plan as its files tell them, or one TASK with its text."""
    from agency.config.plan import values_of
    from agency.domain.errors import AgencyError
    from agency.plans.ledger import known_tasks
    from agency.plans.load import choose_plan, load_plan
    from agency.sessions.find import require_repo

    context = make_context("plan show", lock_timeout)
    here = require_repo(context, repo)
    chosen = choose_plan(here, name)
    plan = load_plan(here, chosen, elsewhere=known_tasks(context, here, chosen))
    if task is not None:
        manifest = next((one for one in plan.manifests if one.task_id == task), None)
        if manifest is None:
            raise AgencyError(
                "E_TASK_NOT_FOUND",
                f"plan {plan.name} has no task {task}",
                hint=f"agency plan show {plan.name}",
                tasks=[one.task_id for one in plan.manifests],
            )
        if as_json:
            print_json("data", {**values_of(manifest), "spec": manifest.spec})
            return
        import json

        print_line(json.dumps(values_of(manifest), indent=2, ensure_ascii=False))
        print_line("")
        print_line(manifest.spec.rstrip())
        return
    if as_json:
        print_json("data", {"name": plan.name, "tasks": [values_of(manifest) for manifest in plan.manifests]})
        return
    rows = [
        (
            manifest.task_id,
            manifest.name,
            ", ".join(manifest.dependencies),
            ", ".join(manifest.locks.reads),
            ", ".join(manifest.locks.writes),
            manifest.description,
        )
        for manifest in plan.manifests
    ]
    print_line(table(("TASK", "NAME", "WAITS FOR", "READS", "WRITES", "WHAT"), rows))
