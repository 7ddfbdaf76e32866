"""agency plan logs"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from agency.cli.interrupt import until_interrupted
from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_line, print_pairs, shorten
from agency.domain.errors import EXIT_DONE, EXIT_ERROR
from agency.domain.planlog import LogEvent, LogQuery
from agency.plans.active import ActivePlan
from agency.sessions.context import Context

F = TypeVar("F", bound=Callable[..., Any])

_SHOWN = 160


@click.group("logs", short_help="What happened in a plan.", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Tell what happened in a plan, from its own events and those of the runs of its tasks, present or archived, in the order of
    time."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _of_plan(subcommand: F) -> F:
    return click.option("--plan", "ref", metavar="ID", help="Which plan; the last one that was begun without it.")(
        subcommand
    )


def _of_task(subcommand: F) -> F:
    return click.option("--task", "task_id", metavar="TASK", help="Only what is about this task.")(subcommand)


def _unindexed(subcommand: F) -> F:
    return click.option(
        "--no-index", is_flag=True, help="Read the logs themselves; without it an index beside them is kept up to date."
    )(subcommand)


def _open(name: str, repo: str | None, lock_timeout: float, ref: str | None) -> tuple[Context, ActivePlan]:
    from agency.plans.active import find_plan_id, load_active
    from agency.sessions.find import require_repo

    context = make_context(f"plan logs {name}", lock_timeout)
    here = require_repo(context, repo)
    return context, load_active(context, here.repo_id, find_plan_id(context, here, ref))


@command.command("query", short_help="Events that fit.")
@_of_task
@click.option("--event", "-e", metavar="PATTERN", help="Only events whose name fits, as in 'doctor.*'.")
@click.option("--text", "-t", metavar="TEXT", help="Only events whose line holds TEXT.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens, until the plan has ended.")
@_unindexed
@_of_plan
@as_json
@common
def query(
    task_id: str | None,
    event: str | None,
    text: str | None,
    follow: bool,
    no_index: bool,
    ref: str | None,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Print events in the order of time: when, which task, which run, event, data. With --json they are told as they were
    written, besides who wrote each, "plan" or the id of a run; with --follow too, one on each line."""
    from agency.plans.logs import follow_events, plan_events, require_task

    context, plan = _open("query", repo, lock_timeout, ref)
    require_task(plan, task_id)
    wanted = LogQuery(task_id=task_id, event=event, text=text)
    if follow:
        with until_interrupted():
            for one in follow_events(context, plan, wanted):
                print_line(json.dumps(_record(one), ensure_ascii=False) if as_json else _line(one))
        return
    found = plan_events(context, plan, wanted, use_index=not no_index)
    if as_json:
        print_json("data", [_record(one) for one in found])
        return
    for one in found:
        print_line(_line(one))


def _record(event: LogEvent) -> dict[str, Any]:
    return {**json.loads(event.raw), "source": event.source, "task_id": event.task_id}


def _line(event: LogEvent) -> str:
    shown = {key: value for key, value in event.data.items() if key not in ("operator", "log_path")}
    data = " ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in shown.items())
    return f"{event.timestamp}  {event.task_id or '-':<6}  {event.source:<19}  {event.event:<24}  {shorten(data, 400)}".rstrip()


@command.command("search", short_help="Lines that hold a text.")
@click.argument("text")
@_of_task
@click.option("--ignore-case", "-i", is_flag=True, help="Upper and lower case are the same.")
@_of_plan
@as_json
@common
def search(
    text: str,
    task_id: str | None,
    ignore_case: bool,
    ref: str | None,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Print every line that holds TEXT, as file:line:text, among the events and all that was printed by attempts, checks, scripts
    and doctors. Exit code 1 when there is none."""
    from agency.plans.logs import require_task, search_logs

    context, plan = _open("search", repo, lock_timeout, ref)
    require_task(plan, task_id)
    found = search_logs(context, plan, text, task_id=task_id, ignore_case=ignore_case)
    count = 0
    if as_json:
        lines = [asdict(one) for one in found]
        count = len(lines)
        print_json("data", lines)
    else:
        for count, one in enumerate(found, 1):  # noqa: B007
            print_line(f"{one.path}:{one.number}:{one.text}")
    return EXIT_DONE if count else EXIT_ERROR


@command.command("timeline", short_help="The story of a plan.")
@_of_task
@_unindexed
@_of_plan
@as_json
@common
def timeline(
    task_id: str | None, no_index: bool, ref: str | None, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Tell in plain words what happened, a line for each thing that a person would want to know of."""
    from agency.domain.planstory import story_of
    from agency.plans.logs import plan_events, require_task

    context, plan = _open("timeline", repo, lock_timeout, ref)
    require_task(plan, task_id)
    moments = story_of(plan_events(context, plan, LogQuery(), use_index=not no_index))
    moments = [moment for moment in moments if task_id in (None, moment.task_id, *moment.tasks)]
    if as_json:
        print_json("data", [asdict(moment) for moment in moments])
        return
    for moment in moments:
        print_line(f"{moment.timestamp}  {f'task {moment.task_id}: ' if moment.task_id else ''}{moment.text}")


@command.command("failures", short_help="What went wrong.")
@_of_task
@_unindexed
@_of_plan
@as_json
@common
def failures(
    task_id: str | None, no_index: bool, ref: str | None, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Count what went wrong by what it has in common, most first, with the first three of each."""
    from agency.domain.planfailures import failures_of
    from agency.plans.logs import plan_events, require_task

    context, plan = _open("failures", repo, lock_timeout, ref)
    require_task(plan, task_id)
    groups = failures_of(plan_events(context, plan, LogQuery(task_id=task_id), use_index=not no_index))
    if as_json:
        print_json("data", [asdict(group) for group in groups])
        return
    if not groups:
        note("nothing went wrong")
    for group in groups:
        tasks = f" (tasks {', '.join(group.tasks)})" if group.tasks else ""
        print_line(f"{group.count:>4}  {group.event}: {group.kind}{tasks}")
        for one in group.examples:
            print_line(f"      {one.timestamp}  {one.task_id or '-'}: {shorten(one.text, _SHOWN)}")


@command.command("doctor", short_help="What doctors said of a task.")
@click.option("--task", "task_id", metavar="TASK", required=True, help="Which task.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Only what was said of this attempt.")
@_of_plan
@as_json
@common
def doctor(
    task_id: str, attempt: int | None, ref: str | None, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Print what doctors said of a task: its own at each attempt of each run, and that of the whole with what it made."""
    from agency.domain.errors import AgencyError
    from agency.plans.logs import doctor_logs, require_task

    context, plan = _open("doctor", repo, lock_timeout, ref)
    require_task(plan, task_id)
    found = doctor_logs(context, plan, task_id, attempt)
    if not found:
        raise AgencyError(
            "E_LOG_NOT_FOUND",
            f"no doctor has judged {f'attempt {attempt} of ' if attempt else ''}task {task_id}",
            hint=f"agency plan logs timeline --task {task_id} --plan {plan.plan_id}",
        )
    if as_json:
        print_json("data", [asdict(one) for one in found])
        return
    for one in found:
        whose = f"run {one.run}, attempt {one.attempt}" if one.run is not None else "the whole"
        print_line(f"== {one.timestamp}  {whose}: {_ended(one.exit_code)}")
        print_line((one.text if one.text is not None else "(what it printed is gone)").rstrip("\n"))


@command.command("summarize", short_help="How each task stands.")
@_of_task
@_of_plan
@as_json
@common
def summarize(task_id: str | None, ref: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Tell of each task how it stands: its last attempt, the end of what the doctor said last, validators, review, and what to
    type next."""
    from agency.plans.logs import require_task
    from agency.plans.summarize import record_of_summary
    from agency.plans.summarize import summarize as summaries_of

    context, plan = _open("summarize", repo, lock_timeout, ref)
    require_task(plan, task_id)
    summaries = summaries_of(context, plan, task_id)
    if as_json:
        print_json("data", [record_of_summary(one) for one in summaries])
        return
    for place, one in enumerate(summaries):
        if place:
            print_line("")
        last = one.last_attempt
        pairs: dict[str, object] = {
            "task": f"{one.task_id} {one.name}",
            "status": f"{one.status}{f': {_flat(one.reason)}' if one.reason and not one.review else ''}",
            "runs": one.runs,
            "last attempt": last and f"{last.run_id}, step {last.step}, attempt {last.attempt}: {last.how}",
            "doctor": one.doctor is not None
            and f"{_ended(one.doctor_exit_code)}{f': {_flat(one.doctor)}' if one.doctor else ''}",
            "validators": ", ".join(f"{told.get('validator')} {told.get('status')}" for told in one.validators),
            "review": one.review and f"{one.review['by']}: {_flat(one.review['reason'])}",
            "next": one.next,
        }
        print_pairs({key: value for key, value in pairs.items() if value not in (None, False, "")})


def _ended(exit_code: int | None) -> str:
    return "not ended in time" if exit_code is None else f"exit code {exit_code}"


def _flat(text: str | None) -> str:
    return shorten(" ".join((text or "").split()), 600)
