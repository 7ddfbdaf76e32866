"""The rules of a plan: what follows for a task from how its job, its check and its merge ended. Facts in, next state out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.manifest import Access
from agency.domain.plansettings import Limits, PlanSettings
from agency.domain.planstate import (
    CHECKING,
    COMPLETE,
    DONE,
    FAILED,
    PAUSED,
    PENDING,
    RESCOPE,
    REVIEW,
    RUNNING,
    VALIDATED,
    PlanState,
    Review,
    TaskState,
)
from agency.domain.schedule import Candidate

MAX_REVIVALS = 5
"""How often the worker of one run is started again after it was lost."""
MAX_CONFLICTS = 1
"""How often a task is sent back onto a fresh branch."""
LONGEST_DELAY = 600.0
_DOUBLINGS = 60


def candidates(state: PlanState, dependencies: Mapping[str, Sequence[str]]) -> list[Candidate]:
    """The tasks that wait, with what they wait for."""
    return [
        Candidate(task_id=name, dependencies=tuple(dependencies[name]), locks=state.tasks[name].locks)
        for name in state.of_status(PENDING)
    ]


def held(state: PlanState) -> list[Access]:
    """The locks of all tasks that are worked on, or whose work is on its way into the branch."""
    return [state.tasks[name].locks for name in state.of_status(RUNNING, VALIDATED)]


def done_tasks(state: PlanState) -> frozenset[str]:
    """The tasks that others need wait for no longer."""
    return frozenset(state.of_status(*DONE))


def after_failure(task: TaskState, settings: PlanSettings, reason: str, now: float) -> TaskState:
    """A task whose run came to nothing: it gets another one later, or a person has to look. ``now`` is in seconds since 1970."""
    if settings.task_failure_policy == "fail_fast":
        return task.moved(FAILED, reason=reason)
    if task.counted >= settings.max_dispatches:
        told = "its run came to nothing" if task.counted == 1 else f"{task.counted} runs came to nothing, the last"
        return reviewed(task, "dispatches", f"{told} because: {reason}")
    delay = min(LONGEST_DELAY, settings.retry_delay * 2 ** min(task.counted - 1, _DOUBLINGS))
    context = f"An earlier run of this task came to nothing: {reason}"
    return task.moved(PENDING, due_at=now + delay, reason=reason, context=context, next_why="retry")


def reviewed(task: TaskState, by: str, reason: str, report: str | None = None, status: str = REVIEW) -> TaskState:
    """A task that a person has to look at."""
    return task.moved(status, review=Review(by=by, reason=reason, report=report), reason=reason)


def after_conflict(task: TaskState, paths: Sequence[str], branch: str) -> TaskState:
    """A task whose work conflicts with what was merged since it began: sent back once, with the conflict as context."""
    told = ", ".join(paths[:20])
    if task.conflicts >= MAX_CONFLICTS:
        return reviewed(task, "merge", f"it conflicts with {branch} again, in {told}")
    context = (
        f"An earlier run of this task was done and conflicts with what others merged into {branch} meanwhile, in: {told}. "
        f"The worktree stands on the newest {branch}. The earlier work is the commit {task.commit}; git show {task.commit} "
        "shows it. Do the task again on what is there now, and take over from it what still fits."
    )
    return task.moved(
        PENDING,
        conflicts=task.conflicts + 1,
        context=context,
        reason=f"it conflicts in {told}",
        next_why="conflict",
        due_at=None,
    )


def after_violations(
    task: TaskState, settings: PlanSettings, more: tuple[Access, Access] | None, report: str, names: Sequence[str]
) -> TaskState:
    """A task that wrote what it may not, where that blocks: it is given more and goes on, or a person has to look."""
    told = ", ".join(names[:20])
    if more is None or task.rescopes >= settings.max_rescopes:
        why = "nothing can be added to its manifest" if more is None else f"it was given more {task.rescopes} times"
        return reviewed(task, "manifest", f"it changed {told}, and {why}", report, status=RESCOPE)
    locks, files = more
    context = (
        f"An earlier run of this task changed files that it had not declared: {told}. They are declared now. The earlier work is "
        f"the commit {task.commit} and is in the worktree already, where it could be combined with the newest branch. Look "
        "whether all of it is needed, and finish the task."
    )
    return replace(
        task.moved(PENDING, context=context, reason=f"it changed {told}", next_why="rescope", due_at=None),
        locks=locks,
        files=files,
        rescopes=task.rescopes + 1,
    )


def approved(task: TaskState) -> TaskState:
    """A task that a person lets go on: what was made of it is merged as it is. Raises E_PLAN_TRANSITION."""
    return task.moved(VALIDATED, approved=True, review=None, reason=None)


def renewed(task: TaskState, reason: str | None) -> TaskState:
    """A task that a person sends back: it has all its runs again. Raises E_PLAN_TRANSITION."""
    note = f"A person looked at an earlier run of this task and says: {reason}" if reason else None
    again = task.moved(PENDING, review=None, reason=reason, due_at=None, next_why="review")
    return replace(again, counted=0, conflicts=0, rescopes=0, context=note or task.context)


def checked(task: TaskState) -> TaskState:
    """A task whose job is done: what it made is looked at."""
    return replace(task.with_dispatch(outcome="done"), phase=CHECKING)


def with_judging(task: TaskState, verdict: Mapping[str, Any]) -> TaskState:
    """A task with one more verdict, and what that took: of each validator the last verdict stays."""
    others = (one for one in task.validators if one["validator"] != verdict["validator"])
    return replace(
        task,
        validators=(*others, verdict),
        judging_tokens=task.judging_tokens + int(verdict.get("tokens") or 0),
        judging_cost=task.judging_cost + float(verdict.get("cost") or 0.0),
    )


def merged(task: TaskState, commit: str | None) -> TaskState:
    """A task whose work is in the branch."""
    return task.moved(COMPLETE, merged=commit, review=None, reason=None)


@frozen
class Crossing:
    """A limit that was crossed. ``scope`` is ``task`` or ``run``, ``kind`` ``tokens`` or ``cost``."""

    scope: str
    kind: str
    limit: float
    value: float
    task_id: str | None = None


def crossings(before: PlanState, after: PlanState, limits: Limits) -> list[Crossing]:
    """The limits that what was used since ``before`` has crossed; each is crossed once."""
    found = []
    for name, task in after.tasks.items():
        old = before.tasks[name]
        for kind, was, is_now, limit in (
            ("tokens", old.tokens, task.tokens, limits.max_tokens_per_task),
            ("cost", old.cost, task.cost, limits.max_cost_per_task),
        ):
            if limit is not None and was <= limit < is_now:
                found.append(Crossing(scope="task", kind=kind, limit=limit, value=is_now, task_id=name))
    for kind, was, is_now, limit in (
        ("tokens", before.tokens, after.tokens, limits.max_tokens_per_run),
        ("cost", before.cost, after.cost, limits.max_cost_per_run),
    ):
        if limit is not None and was <= limit < is_now:
            found.append(Crossing(scope="run", kind=kind, limit=limit, value=is_now))
    return found


def over_limit(task: TaskState, limits: Limits) -> str | None:
    """Why a task may not use more, None when it may."""
    if limits.max_tokens_per_task is not None and task.tokens > limits.max_tokens_per_task:
        return f"it used {task.tokens} tokens, and {limits.max_tokens_per_task} are its limit"
    if limits.max_cost_per_task is not None and task.cost > limits.max_cost_per_task:
        return f"it cost {task.cost:.4g} US dollars, and {limits.max_cost_per_task:g} are its limit"
    return None


def plan_over_limit(state: PlanState, limits: Limits) -> str | None:
    """Why the whole plan may not use more, None when it may."""
    if limits.max_tokens_per_run is not None and state.tokens > limits.max_tokens_per_run:
        return f"the plan used {state.tokens} tokens, and {limits.max_tokens_per_run} are its limit"
    if limits.max_cost_per_run is not None and state.cost > limits.max_cost_per_run:
        return f"the plan cost {state.cost:.4g} US dollars, and {limits.max_cost_per_run:g} are its limit"
    return None


def paused(task: TaskState, reason: str) -> TaskState:
    """A task that may use no more. Raises E_PLAN_TRANSITION."""
    return task.moved(PAUSED, phase=task.phase, reason=reason)
