"""What happened in a plan, from its own events and those of the runs of its tasks. Writes nothing but a cache."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import RunId
from agency.domain.manifest import order_of
from agency.domain.planlog import OF_PLAN, LogEvent, LogQuery, in_order, tasks_of
from agency.domain.planstate import RUNNING
from agency.domain.run import Run
from agency.plans.active import ActivePlan
from agency.plans.dispatch import runs_of_plan
from agency.sessions.context import Context
from agency.store.logsources import LogSource, Tails, read_whole
from agency.store.plans import conductor_of, read_plan_state

_POLL = 0.2


@frozen
class Found:
    """A line of a file that holds what was searched for; ``number`` counts from 1."""

    path: str
    number: int
    text: str


@frozen
class DoctorLog:
    """What a doctor said. ``run`` is the run whose work it judged, the ``number``-th of its task, None for the doctor of the
    whole; ``attempt`` the attempt at the step; ``exit_code`` None: it did not end in time; ``text`` None: what it printed is
    gone."""

    timestamp: str
    run: str | None
    number: int | None
    attempt: int | None
    exit_code: int | None
    path: str | None
    text: str | None


def require_task(plan: ActivePlan, task_id: str | None) -> None:
    """Raise E_TASK_NOT_FOUND for a task that the plan has not."""
    if task_id is not None and task_id not in plan.manifests:
        raise AgencyError(
            "E_TASK_NOT_FOUND",
            f"plan {plan.name} ({plan.plan_id}) has no task {task_id}",
            hint=f"agency plan status {plan.plan_id}",
            tasks=sorted(plan.manifests, key=order_of),
        )


def all_runs(context: Context, plan: ActivePlan) -> list[Run]:
    """Every run of the plan, present or archived, in the order in which they were made."""
    runs = [*runs_of_plan(context, plan), *runs_of_plan(context, plan, archived=True)]
    return sorted({run.run_id: run for run in runs}.values(), key=lambda run: run.run_id)


def sources_of(context: Context, plan: ActivePlan) -> list[LogSource]:
    """The logs of the plan and of its runs."""
    runs = [
        LogSource(name=run.run_id, path=f"{run.directory}/events.jsonl", task_id=run.task.task_id)
        for run in all_runs(context, plan)
        if run.task is not None
    ]
    return [LogSource(name=OF_PLAN, path=plan.log.path), *runs]


def plan_events(context: Context, plan: ActivePlan, query: LogQuery, *, use_index: bool = True) -> list[LogEvent]:
    """The events that are asked for, in the order of time. When the index fails, which is told, the logs themselves are read."""
    sources = sources_of(context, plan)
    if use_index:
        try:
            from agency.store.planindex import IndexFailed, ask_index
        except ImportError as error:  # a Python without SQLite
            context.tell(f"going on without the index of the logs: {error}")
            return plan_events(context, plan, query, use_index=False)
        try:
            return in_order(ask_index(plan.directory, sources, query))
        except IndexFailed as error:
            context.tell(f"going on without the index of the logs: {error}")
    return in_order(event for source in sources for event in read_whole(source) if query.fits(event))


def follow_events(context: Context, plan: ActivePlan, query: LogQuery) -> Iterator[LogEvent]:
    """The events that are asked for, and those to come, until the plan has ended or its conductor is gone."""
    tails = Tails()
    while True:
        ended = _has_ended(plan)
        yield from (event for event in in_order(tails.more(sources_of(context, plan))) if query.fits(event))
        if ended:
            return
        time.sleep(_POLL)


def _has_ended(plan: ActivePlan) -> bool:
    try:
        return conductor_of(plan.directory) is None or read_plan_state(plan.directory).status != RUNNING
    except AgencyError:
        return not os.path.isdir(plan.directory)


def search_logs(
    context: Context, plan: ActivePlan, text: str, *, task_id: str | None, ignore_case: bool
) -> Iterator[Found]:
    """Every line that holds ``text`` in the events and in what was printed: by checks, attempts, scripts and doctors."""
    wanted = text.lower() if ignore_case else text
    directories = [run.directory for run in all_runs(context, plan) if run.task and task_id in (None, run.task.task_id)]
    files = [path for directory in directories for path in (f"{directory}/events.jsonl", *_files(f"{directory}/logs"))]
    if task_id is None:
        files = [plan.log.path, *_files(f"{plan.directory}/logs"), *files]
    for path in files:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                for number, line in enumerate(file, 1):
                    if wanted in (line.lower() if ignore_case else line):
                        yield Found(path=path, number=number, text=line.rstrip("\n"))
        except OSError:
            continue


def _files(directory: str) -> list[str]:
    try:
        return [
            f"{directory}/{name}" for name in sorted(os.listdir(directory)) if os.path.isfile(f"{directory}/{name}")
        ]
    except OSError:
        return []


def doctor_logs(context: Context, plan: ActivePlan, task_id: str, attempt: int | None = None) -> list[DoctorLog]:
    """What doctors said of a task, in the order of time: that of the task of each attempt, and that of the whole with it."""
    events = plan_events(context, plan, LogQuery(event="doctor.*"))
    found = doctors_among(plan, all_runs(context, plan), events, task_id)
    return [with_text(one) for one in found if attempt in (None, one.attempt)]


def doctors_among(plan: ActivePlan, runs: Iterable[Run], events: Iterable[LogEvent], task_id: str) -> list[DoctorLog]:
    """The same from ``doctor.*`` events and all runs of the plan, without what was printed."""
    known = {run.run_id: run for run in runs}
    found = []
    for event in events:
        kind, data = event.event, event.data
        run = known.get(RunId(event.source))
        if kind in ("doctor.pass", "doctor.fail") and event.task_id == task_id and run is not None and run.task:
            name, number, path = run.name, run.task.number, _in_place(data.get("log_path"), f"{run.directory}/logs")
        elif kind in ("doctor.integration.pass", "doctor.integration.fail") and task_id in tasks_of(event):
            name, number, path = None, None, _in_place(data.get("log_path"), f"{plan.directory}/logs")
        else:
            continue
        found.append(
            DoctorLog(
                timestamp=event.timestamp,
                run=name,
                number=number,
                attempt=data.get("attempt"),
                exit_code=data.get("exit_code"),
                path=path,
                text=None,
            )
        )
    written_over = [one.path in {later.path for later in found[place + 1 :]} for place, one in enumerate(found)]
    return [replace(one, path=None) if over else one for one, over in zip(found, written_over, strict=True)]


def with_text(log: DoctorLog) -> DoctorLog:
    """The same with what was printed, where it is still there."""
    try:
        with open(log.path or "", encoding="utf-8", errors="replace") as file:
            return replace(log, text=file.read())
    except OSError:
        return log


def _in_place(path: object, directory: str) -> str | None:
    """Where a log stands now that was written as ``path``: the record of its run may have been archived since."""
    return f"{directory}/{os.path.basename(str(path))}" if path else None
