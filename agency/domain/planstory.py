"""What happened in a plan, in plain words: a line for each event that a person would want to know of."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.planlog import LogEvent, tasks_of

_SHOWN = 160

Data = Mapping[str, Any]


@frozen
class Moment:
    """A line of the story: when, about which task (None: the plan), what, and the event that tells it. ``tasks`` are those that
    a merge is about."""

    timestamp: str
    task_id: str | None
    text: str
    event: str
    tasks: tuple[str, ...] = ()


def story_of(events: Iterable[LogEvent]) -> list[Moment]:
    """The story of a plan from its events, in their order. Merges are numbered from 1, as they were begun."""
    merges = 0
    moments = []
    for event in events:
        merges += event.event == "merge.start"
        text = _text_of(event)
        if text is None:
            continue
        if event.event.startswith(("merge.", "doctor.integration.", "doctor.canary.")) and merges:
            text = f"merge {merges}: {text}"
        tasks = tasks_of(event)
        moments.append(
            Moment(timestamp=event.timestamp, task_id=event.task_id, text=text, event=event.event, tasks=tasks)
        )
    return moments


def _text_of(event: LogEvent) -> str | None:
    tell = _TOLD.get(event.event)
    try:
        return tell(event.data) if tell is not None else _of_thread(event)
    except (TypeError, ValueError, AttributeError):  # data of another shape, by another version say
        return event.event


def _of_thread(event: LogEvent) -> str | None:
    if event.event.endswith(".thread.resumed"):
        return f"{event.event.partition('.')[0]} goes on with its conversation"
    return None


def _short(text: object) -> str:
    flat = " ".join(str(text or "").split())
    return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 3]}..."


def _why(data: Data, key: str = "reason") -> str:
    return f": {_short(data[key])}" if data.get(key) else ""


def _names(data: Data, key: str = "tasks") -> str:
    return ", ".join(str(one) for one in data.get(key) or ())


def _exit(data: Data) -> str:
    code = data.get("exit_code")
    return "ran out of time" if code is None else f"exit code {code}"


def _step(data: Data) -> str:
    return f"step {data.get('stepId')}, attempt {data.get('attempt')}"


def _loaded(data: Data) -> str:
    wanted = data.get("requested_tasks")
    return f"{data.get('total_tasks')} tasks" + (f", chosen: {_names(data, 'requested_tasks')}" if wanted else "")


def _attempt_failed(data: Data) -> str:
    why = data.get("failureClass") or data.get("timeoutReason") or f"exit code {data.get('exitCode')}"
    said = f": {_short(data.get('summary'))}" if data.get("summary") else ""
    return f"{_step(data)} failed ({why}){said}"


def _check(name: str, how: str) -> Callable[[Data], str]:
    def tell(data: Data) -> str:
        said = f": {_short(data.get('summary'))}" if how == "failed" and data.get("summary") else ""
        code = f" ({_exit(data)})" if how == "failed" else ""
        return f"{name} {how} at attempt {data.get('attempt')}{code}{said}"

    return tell


def _validator(how: str) -> Callable[[Data], str]:
    return lambda data: f"validator {data.get('validator')} {how}{_why(data, 'summary')}"


def _budget(data: Data) -> str:
    whose = "the task" if data.get("scope") == "task" else "the plan"
    return f"{whose} crossed its limit of {data.get('limit'):g} {data.get('kind')}: {data.get('value'):g}"


def _violations(data: Data) -> str:
    paths = ", ".join(str(one.get("path")) for one in data.get("violations") or ())
    return f"wrote what it had not declared: {_short(paths)}"


_TOLD: Mapping[str, Callable[[Data], str | None]] = {
    "run.start": lambda data: f"plan {data.get('name')} began, into {data.get('branch')}",
    "run.resume": lambda data: f"a conductor goes on with plan {data.get('name')}",
    "run.tasks_loaded": _loaded,
    "run.paused": lambda data: f"paused ({data.get('reason')}){_why(data, 'message')}",
    "run.blocked": lambda data: f"cannot go on ({data.get('reason')}){_why(data, 'message')}",
    "run.stop": lambda data: (
        f"stopped by {data.get('signal') or data.get('reason')}; sessions: "
        + (f"{data.get('sessions_stopped')} ended" if data.get("sessions") == "stopped" else "left running")
    ),
    "run.complete": lambda data: f"ended: {data.get('status')}{_why(data)}",
    "run.clean.start": lambda data: "the plan is put away",
    "run.clean.complete": lambda data: f"the plan was put away, with {data.get('runs')} runs",
    "run.restore": lambda data: f"the plan was brought back, with {data.get('runs')} runs",
    "task.dispatch": lambda data: f"run {data.get('number')} is made ({data.get('why')})",
    "session.start": lambda data: f"run {data.get('number')} is at work in session {data.get('session')}",
    "session.reattach": lambda data: f"session {data.get('session')} was found again",
    "session.missing": lambda data: f"session {data.get('session')} is gone before its job has ended",
    "session.exited_on_resume": lambda data: f"the worker ended while no conductor was there ({_exit(data)})",
    "session.ended": lambda data: f"its job ended: {str(data.get('outcome')).replace('_', ' ')}",
    "git.commit": lambda data: f"its work is commit {str(data.get('sha'))[:12]}",
    "task.reset": lambda data: f"will be tried again{_why(data)}",
    "task.skipped": lambda data: f"left out{_why(data)}",
    "task.paused": lambda data: f"paused{_why(data)}",
    "task.failed": lambda data: f"failed after {data.get('attempts')} runs{_why(data, 'message')}",
    "task.complete": lambda data: (
        "complete, merged with " + str(data["merge_commit"])[:12] if data.get("merge_commit") else "complete"
    ),
    "task.seeded_complete": lambda data: f"taken over as complete from plan run {data.get('ledger_run_id')}",
    "deps.external_satisfied": lambda data: (
        f"waits no longer for {', '.join(str(one.get('dep_id')) for one in data.get('deps') or ())}, done by an earlier plan run"
    ),
    "manifest.compliance.warn": _violations,
    "manifest.compliance.block": _violations,
    "task.rescope.updated": lambda data: f"may write more now: {_names(data, 'added_files')}",
    "task.rescope.failed": lambda data: f"could not be given more to write{_why(data)}",
    "validator.pass": _validator("passed"),
    "validator.fail": _validator("said no"),
    "validator.error": _validator("could not judge"),
    "validator.block": _validator("keeps it from being merged"),
    "merge.start": lambda data: f"tasks {_names(data)} onto {str(data.get('onto'))[:12]}",
    "merge.conflict": lambda data: f"conflicts in {_short(_names(data, 'paths'))}; {data.get('action')}",
    "merge.bisect": lambda data: f"tasks {_names(data)} are tried in parts",
    "merge.blocked": lambda data: f"the branch cannot be moved ({data.get('reason')}){_why(data, 'message')}",
    "merge.moved": lambda data: f"{data.get('branch')} moved to {str(data.get('new'))[:12]}",
    "doctor.integration.pass": lambda data: "the doctor of the whole passed",
    "doctor.integration.fail": lambda data: f"the doctor of the whole failed ({_exit(data)})",
    "doctor.canary.expected_fail": lambda data: "the canary failed, as it should",
    "doctor.canary.unexpected_pass": lambda data: f"the canary passed{_why(data, 'message')}",
    "budget.warn": _budget,
    "budget.block": _budget,
    "review.asked": lambda data: f"needs a person ({data.get('by')}){_why(data)}",
    "review.done": lambda data: f"{data.get('operator') or 'somebody'} said {data.get('action')}{_why(data)}",
    "task.step.attempt.started": lambda data: f"{_step(data)} began ({data.get('startedBy')})",
    "task.step.attempt.finished": lambda data: f"{_step(data)} was accepted",
    "task.step.attempt.failed": _attempt_failed,
    "task.self_heal.escalated": lambda data: f"its worktree is rebuilt{_why(data)}",
    "task.self_heal.exhausted": lambda data: f"no further attempt follows{_why(data)}",
    "task.waiting": lambda data: f"waits for a person: {_short(data.get('detail'))}",
    "doctor.pass": _check("doctor", "passed"),
    "doctor.fail": _check("doctor", "failed"),
    "lint.fail": _check("lint", "failed"),
    "verify.fast.fail": _check("verify.fast", "failed"),
    "tdd.stage.pass": lambda data: f"the tests of stage {data.get('stage')} are there",
    "tdd.stage.fail": lambda data: f"stage {data.get('stage')} failed ({data.get('reason')})",
    "bootstrap.cmd.fail": lambda data: f"bootstrap command {data.get('cmd')} failed ({_exit(data)})",
    "run_create_failed": lambda data: f"making its run failed at {data.get('step')} ({data.get('error_code')})",
}
"""Event -> how it is told; others are not."""
