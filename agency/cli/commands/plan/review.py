"""agency plan review"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_line, print_pairs, table

_EXPLAINED = {
    "approve": "Merge the finished work of a task as it is, once it was combined and judged.",
    "reject": "Give a task up: it has failed. Its run stays, to be looked at.",
    "retry": "Begin a task anew; it may take as many runs as at first.",
    "skip": "Leave a task out; those that wait for it go on.",
}


@click.group("review", short_help="Decide on tasks.", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Decide on tasks that need a person. What is decided is carried out by the conductor at once, or by the next one."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("ls", short_help="List the tasks that need a person.")
@click.option("--plan", "ref", metavar="ID", help="Which plan; the last one that was begun without it.")
@as_json
@common
def list_all(ref: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """List the tasks that need a person: who stopped each, why, and where more is told."""
    from agency.domain.planstate import HALTED
    from agency.plans.active import find_plan_id, load_active
    from agency.plans.describe import describe_task
    from agency.sessions.find import require_repo
    from agency.store.plans import read_plan_state

    context = make_context("plan review ls", lock_timeout)
    here = require_repo(context, repo)
    plan = load_active(context, here.repo_id, find_plan_id(context, here, ref))
    state = read_plan_state(plan.directory)
    halted = state.of_status(*HALTED)
    if as_json:
        print_json("data", [describe_task(plan, task_id, state.tasks[task_id]) for task_id in halted])
        return
    if not halted:
        note("no task needs a person")
        return
    rows = []
    for task_id in halted:
        task = state.tasks[task_id]
        by = task.review.by if task.review is not None else ""
        rows.append((task_id, task.status, by, plan.manifests[task_id].name, " ".join((task.reason or "").split())))
    print_line(table(("TASK", "STATUS", "BY", "NAME", "WHY"), rows))


def _decide(action: str) -> click.Command:
    @click.command(action, help=_EXPLAINED[action], short_help=_EXPLAINED[action])
    @click.argument("task")
    @click.option("--plan", "ref", metavar="ID", help="Which plan; the last one that was begun without it.")
    @click.option("--reason", "-m", metavar="TEXT", help="Why; a retry tells it to the runner.")
    @click.option("--force", is_flag=True, help="Also while the task is being worked on, which ends that.")
    @as_json
    @common
    def decide(
        task: str,
        ref: str | None,
        reason: str | None,
        force: bool,
        as_json: bool,
        repo: str | None,
        lock_timeout: float,
    ) -> int:
        from agency.plans.active import find_plan_id, load_active
        from agency.plans.operate import Decision, decide_task
        from agency.sessions.find import require_repo
        from agency.store.plans import conductor_of

        context = make_context(f"plan review {action}", lock_timeout)
        here = require_repo(context, repo)
        plan = load_active(context, here.repo_id, find_plan_id(context, here, ref))
        status = decide_task(context, plan, Decision(action=action, task_id=task, reason=reason, force=force))
        result = {"plan_id": plan.plan_id, "task_id": task, "action": action, "status": status}
        if conductor_of(plan.directory) is None:
            result["next"] = f"agency plan resume {plan.plan_id}"
        if as_json:
            print_json("data", result)
        else:
            print_pairs(result)
        return 0

    return decide


for _action in _EXPLAINED:
    command.add_command(_decide(_action))
