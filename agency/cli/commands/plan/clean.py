"""agency plan clean"""

from typing import Any

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_line, print_pairs, show_output
from agency.cli.prompts import can_ask, typed
from agency.domain.errors import AgencyError
from agency.plans.clean import Holdings


@click.command("clean", short_help="Put a plan away.")
@click.argument("ref", metavar="[ID]", required=False)
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--keep-logs", is_flag=True, help="Leave the record where it is, to be read: events, logs and reports.")
@as_json
@common
def command(
    ref: str | None, dry_run: bool, yes: bool, keep_logs: bool, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Put a plan away that no conductor drives: the last one that was begun, or the one of ID (its beginning, or the name of the
    plan). The sessions of its runs and of its conductor end, its runs are archived with their branches, what its tasks made
    and its record go into the trash. What was merged stays merged, and other plans and runs are not touched.

    Nothing is destroyed: agency plan restore brings everything back, until agency gc lets go of it.
    """
    from agency.plans.active import find_plan_id
    from agency.plans.clean import clean_plan, look_at_plan
    from agency.plans.restore import find_cleaned_plan
    from agency.sessions.find import require_repo

    context = make_context("plan clean", lock_timeout)
    here = require_repo(context, repo)
    try:
        plan_id = find_plan_id(context, here, ref)
    except AgencyError:
        if ref is None:
            raise
        plan_id = find_cleaned_plan(context, here, ref)
        note(f"plan {plan_id} is already cleaned")
        if as_json:
            print_json("data", {"cleaned": plan_id, "already": True})
        return
    held = look_at_plan(context, here, plan_id)
    if dry_run:
        _print_holdings(held, as_json=as_json, keep_logs=keep_logs)
        return
    if not yes and not _consents(held):
        note("canceled")
        return
    with context.busy("putting the plan away"):
        done = clean_plan(context, here, plan_id, keep_logs=keep_logs, show=show_output)
    result: dict[str, Any] = {
        "cleaned": done.plan_id,
        "runs": len(done.runs),
        "records": done.records,
        "undo": f"agency plan restore {done.plan_id}",
    }
    if as_json:
        print_json("data", {**result, "name": held.name, "runs": list(done.runs), "refs": done.refs, "already": False})
    else:
        print_pairs(result)


def _consents(held: Holdings) -> bool:
    count = len(held.runs)
    text = f"plan {held.name} ({held.plan_id}) has {count} present run{'' if count == 1 else 's'}"
    if not can_ask():
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"{text}; cleaning it ends their sessions and puts their worktrees away",
            hint=f"agency plan clean {held.plan_id} --dry-run shows it; agency plan clean {held.plan_id} --yes does it",
            plan_id=held.plan_id,
        )
    return typed(f"{text}. their sessions are ended and their worktrees put away.", "clean")


def _print_holdings(held: Holdings, *, as_json: bool, keep_logs: bool) -> None:
    sessions = [held.session] if held.session is not None else []
    if as_json:
        told = {
            "dry_run": True,
            "plan_id": held.plan_id,
            "name": held.name,
            "sessions": sessions,
            "runs": [{"run_id": run.run_id, "name": run.name, "branch": run.branch} for run in held.runs],
            "branches": [*(run.branch for run in held.runs), *held.branches],
            "worktrees": [*(run.worktree for run in held.runs), *held.worktrees],
            "refs": list(held.refs),
            "records": None if keep_logs else held.records,
        }
        print_json("data", told)
        return
    lines = [f"session {name}" for name in sessions]
    lines += [f"run {run.name} ({run.run_id}), its session and branch {run.branch}" for run in held.runs]
    lines += [f"branch {branch}" for branch in held.branches]
    lines += [f"worktree {place}" for place in held.worktrees]
    lines += [f"ref {ref}" for ref in held.refs]
    lines += [] if keep_logs else [f"record {held.records}"]
    for line in lines:
        print_line(f"would go: {line}")
