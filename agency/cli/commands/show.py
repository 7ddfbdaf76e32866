"""agency show"""

from typing import Any

import click

from agency.cli.amounts import cost_line, usage_line
from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import note, print_json, print_line, print_pairs
from agency.domain.cost import Bill
from agency.domain.run import Run


@click.command("show", short_help="Everything known about a run.")
@ref_argument
@click.option("--paths", is_flag=True, help="Only where its parts are.")
@click.option("--capture", is_flag=True, help="Write the screen with its history to transcript.txt too.")
@as_json
@common
def command(ref: str, paths: bool, capture: bool, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show everything known about a run."""
    from agency.sessions.bills import describe_usage
    from agency.sessions.find import find_run
    from agency.sessions.show import capture_transcript, details, paths_of
    from agency.sessions.usage import usages_of

    context = make_context("show", lock_timeout)
    run = find_run(context, ref, repo=repo, archived="yes", broken=True)
    captured = capture_transcript(context, run) if capture and isinstance(run, Run) else None
    if captured is not None and not captured["capture_ok"]:
        note(f"the screen could not be captured: {captured['capture_error']}")
    if paths:
        found = paths_of(context, run)
        print_json("data", found) if as_json else print_pairs(found)
        return
    told = details(context, run)
    usage = usages_of(context, [run]).get(run.run_id)
    if as_json:
        told["usage"] = describe_usage(usage) if usage is not None else None
        print_json("data", {**told, **({"capture": captured} if captured is not None else {})})
    else:
        _print(told, usage.bill if usage is not None else None)


def _print(told: dict[str, Any], bill: Bill | None) -> None:
    print_pairs(
        {
            "run": told["run_id"],
            "name": told["name"] or "<broken>",
            "repo": told["repo_key"],
            "runner": told["runner"],
            "parent": told["parent_branch"],
            "branch": told["branch"],
            "worktree": told["worktree"],
            "created": told["created_at"],
            "tmux": told["session"] if told["tmux_active"] else "none",
            "pr": f"{told['pr_url']} (#{told['pr_number']})" if told["pr_number"] else "none",
            "last_push_at": told["last_push_at"] or "-",
            "status": told["derived_status"] + (" (archived)" if told["archived"] else ""),
            "summary": told["summary"] or "-",
            "verify": f"{told['verify']['word']} at {told['verify']['finished_at']}" if told["verify"] else "-",
            "usage": usage_line(bill) if bill is not None else "-",
            "cost": cost_line(bill) if bill is not None else "-",
            "last_event": f"{told['last_event']} ({told['last_event_at']})",
        }
    )
    said = told["runner_status"]
    if said is None:
        return
    print_line("runner_status:")
    for key in ("status", "updated_at", "summary", "how_to_test"):
        if said.get(key):
            print_line(f"  {key}: {said[key]}")
    for key in ("questions", "blockers", "risks"):
        items = said.get(key) or []
        for item in items if isinstance(items, list) else [items]:
            print_line(f"  {key}: {item}")
