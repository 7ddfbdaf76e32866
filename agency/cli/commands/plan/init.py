"""agency plan init"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line


@click.command("init", short_help="Make the files of a plan.")
@click.argument("name")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@as_json
@common
def command(name: str, force: bool, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Make the files of a plan: plan.yaml at the top of the repo, and a first task to be filled in. What is there already
    stays."""
    from agency.plans.scaffold import make_plan_files
    from agency.sessions.find import require_repo

    context = make_context("plan init", lock_timeout)
    made = make_plan_files(require_repo(context, repo), name, force=force)
    if as_json:
        print_json("data", [{"path": one.path, "made": one.made} for one in made])
        return
    for one in made:
        print_line(f"{'made' if one.made else 'kept'}: {one.path}")
    print_line(f"next: agency plan check {name}")
