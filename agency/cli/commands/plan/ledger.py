"""agency plan ledger"""

from typing import Any

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_line, print_pairs, table
from agency.domain.errors import AgencyError
from agency.domain.repo import Repo
from agency.sessions.context import Context


@click.group("ledger", short_help="What was completed.", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """What earlier runs of plans completed. A task counts as done as long as its manifest and its text are what they were, and
    the commit that has its work is in the branch."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("ls", short_help="List what was completed.")
@click.option("--branch", metavar="BRANCH", help="Whether it counts there; without it where each was merged.")
@as_json
@common
def list_all(branch: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """List every task that was completed, and whether it still counts."""
    from agency.sessions.find import require_repo

    context = make_context("plan ledger ls", lock_timeout)
    rows = _rows(context, require_repo(context, repo), branch)
    if as_json:
        print_json("data", rows)
        return
    if not rows:
        note("no task of a plan was completed in this repo")
        return
    cells = [
        (
            row["plan"],
            row["task_id"],
            row["completed_at"],
            row["merge_commit"][:12],
            row["plan_id"],
            row["why_not"] or "yes",
        )
        for row in rows
    ]
    print_line(table(("PLAN", "TASK", "COMPLETED", "COMMIT", "PLAN ID", "COUNTS"), cells))


@command.command("show", short_help="Show one task.")
@click.argument("task")
@click.option("--name", metavar="PLAN", help="Of which plan, where several have a task of that id.")
@click.option("--branch", metavar="BRANCH", help="Whether it counts there; without it where it was merged.")
@as_json
@common
def show(task: str, name: str | None, branch: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show what is known of one task that was completed."""
    from agency.sessions.find import require_repo

    context = make_context("plan ledger show", lock_timeout)
    rows = _rows(context, require_repo(context, repo), branch)
    found = [row for row in rows if row["task_id"] == task and name in (None, row["plan"])]
    if len(found) != 1:
        what = "no run of a plan has completed" if not found else f"{len(found)} plans have completed"
        raise AgencyError(
            "E_TASK_NOT_FOUND",
            f"{what} a task {task}",
            hint="agency plan ledger ls" if not found else f"agency plan ledger show {task} --name PLAN",
            plans=[row["plan"] for row in found] or None,
        )
    if as_json:
        print_json("data", found[0])
    else:
        print_pairs({key: value for key, value in found[0].items() if value is not None})


def _rows(context: Context, repo: Repo, branch: str | None) -> list[dict[str, Any]]:
    from agency.domain.ledger import record_of_entry
    from agency.plans.ledger import known_tasks, plans_known, standings
    from agency.plans.load import load_plan

    rows = []
    for name in plans_known(context, repo):
        try:
            manifests = load_plan(repo, name, elsewhere=known_tasks(context, repo, name)).manifests
        except AgencyError as error:
            note(f"{name}: the tasks are not compared with what they were: {error.message}")
            manifests = ()
        for standing in standings(context, repo, name, manifests, branch=branch).values():
            rows.append({**record_of_entry(standing.entry), "why_not": standing.why_not})
    return rows
