"""agency allow"""

import click

from agency.cli.options import as_json, common, complete_ref, make_context
from agency.cli.output import note, print_json, print_line, table
from agency.cli.prompts import can_ask, confirm


@click.command("allow", short_help="Allow what a repo brings along.")
@click.argument("ref", required=False, shell_complete=complete_ref)
@click.option("--list", "only_list", is_flag=True, help="Only tell what there is and whether it is allowed.")
@click.option("--revoke", is_flag=True, help="Forget all that was allowed in this repo.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@as_json
@common
def command(
    ref: str | None, only_list: bool, revoke: bool, yes: bool, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Show what the repo brings along that agency would execute with your rights, and allow it: the scripts, runners, command
    of notifications and editor that its agency.yaml names, and the commands of its plans. What you allow is allowed as it is now:
    when a command line or a script changes, you are asked again.

    With REF, the files of the worktree of that run count, where an agent may have changed them.
    """
    from dataclasses import asdict

    from agency.domain.consenttext import visible
    from agency.plans.load import items_of_plans
    from agency.sessions.allow import allow_supplied, forget_allowed, look_at_supplied, supply_of
    from agency.sessions.find import require_repo, require_run

    if only_list and revoke:
        raise click.UsageError("--list and --revoke exclude each other")
    context = make_context("allow", lock_timeout)
    run = require_run(context, ref, repo=repo) if ref is not None else None
    supply = supply_of(context, repo=require_repo(context, repo) if run is None else None, run=run)
    if revoke:
        count = forget_allowed(context, supply)
        if as_json:
            print_json("data", {"revoked": count})
        else:
            print_line(f"ok: nothing that {supply.root} brings along is allowed" + (" any more" if count else ""))
        return
    more = items_of_plans(supply.repo) if supply.repo is not None else []
    found = look_at_supplied(context, supply, more)
    if not only_list:
        ask = confirm if can_ask() and not as_json else None
        if not allow_supplied(context, supply, found, yes=yes, confirm=ask):
            note("canceled")
            return
        found = look_at_supplied(context, supply, more)
    if as_json:
        rows = [asdict(each) for each in found]
        print_json("data", [{key: value for key, value in row.items() if key != "item"} for row in rows])
    elif not found:
        print_line(f"{supply.root} brings nothing along that agency would execute")
    else:
        header = ("ITEM", "STATE", "WHAT")
        print_line(table(header, [(visible(each.name), each.state, visible(each.text)) for each in found]))
