"""agency plan run"""

from collections.abc import Mapping
from typing import Any

import click

from agency.cli.options import allow_scripts, as_json, common, make_context
from agency.cli.output import note, print_json, print_line, table
from agency.cli.plans import drive_apart, drive_here, plan_flags
from agency.domain.errors import EXIT_DONE
from agency.plans.start import Ready


@click.command("run", short_help="Carry a plan out.")
@click.argument("name", required=False)
@click.option("--tasks", metavar="ID,ID", help="Only these tasks; a resume keeps to them.")
@click.option("--reuse-completed", is_flag=True, help="What an earlier run of the plan has done is not done again.")
@click.option("--dry-run", is_flag=True, help="Say what would be begun, and do nothing.")
@click.option("--detached", "-d", is_flag=True, help="The conductor works in a tmux session of its own.")
@click.option("--branch", metavar="BRANCH", help="Where the work goes; the branch you stand on without it.")
@plan_flags
@allow_scripts
@as_json
@common
def command(
    name: str | None,
    tasks: str | None,
    reuse_completed: bool,
    dry_run: bool,
    detached: bool,
    branch: str | None,
    flags: Mapping[str, Any],
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Carry a plan out: NAME, or the only plan of the repo. Exit code 0 when it is complete, 3 when a person is needed, 4 when it
    cannot go on.

    Ctrl-C stops the conductor and leaves the workers to their work; agency plan resume goes on with all of it. The work goes into
    the branch task by task, each time combined and judged before. A clean checkout of the branch is brought along, as git merge
    does; merges wait while it has uncommitted changes.
    """
    from agency.plans.load import choose_plan
    from agency.plans.start import PlanRequest, begin_plan, make_ready
    from agency.sessions.find import require_repo

    context = make_context("plan run", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    here = require_repo(context, repo)
    wanted = tuple(word for word in tasks.split(",") if word) if tasks is not None else None
    given = {**flags, **({"branch": branch} if branch is not None else {})}
    request = PlanRequest(name=choose_plan(here, name), tasks=wanted, flags=given, reuse_completed=reuse_completed)
    ready = make_ready(context, here, request)
    if ready is None:
        note("canceled")
        return EXIT_DONE
    if dry_run:
        _show_first(ready, as_json)
        return EXIT_DONE
    plan = begin_plan(context, here, ready)
    if detached:
        return drive_apart(context, plan, as_json=as_json)
    note(f"plan {plan.name} ({plan.plan_id}) into {plan.branch}")
    return drive_here(context, plan, as_json=as_json)


def _show_first(ready: Ready, as_json: bool) -> None:
    first = ready.first_tasks()
    tasks = [
        {
            "task_id": manifest.task_id,
            "name": manifest.name,
            "at_once": manifest.task_id in first,
            "reused": manifest.task_id in ready.reused,
            "waits_for": list(manifest.dependencies),
            "writes": list(manifest.locks.writes),
        }
        for manifest in ready.plan.manifests
    ]
    if as_json:
        print_json("data", {"name": ready.plan.name, "branch": ready.branch, "base_commit": ready.base, "tasks": tasks})
        return
    rows = [
        (
            manifest.task_id,
            "done" if manifest.task_id in ready.reused else "at once" if manifest.task_id in first else "later",
            ", ".join(manifest.dependencies),
            ", ".join(manifest.locks.writes),
            manifest.name,
        )
        for manifest in ready.plan.manifests
    ]
    print_line(table(("TASK", "BEGINS", "WAITS FOR", "LOCKS", "NAME"), rows))
