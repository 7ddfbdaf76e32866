"""The shapes of the data of a plan's events, in the order of its life. Their names are in :mod:`agency.domain.planevents`."""

from typing import Any, NotRequired, TypedDict

from agency.domain.eventdata import Operator


class PlanBegun(TypedDict):
    """A conductor begins a plan, or goes on with it."""

    name: str
    branch: str
    operator: Operator


class TasksLoaded(TypedDict):
    """The tasks of the plan, and those that were asked for where not all were."""

    total_tasks: int
    requested_tasks: list[str] | None


class PlanPaused(TypedDict):
    """The plan has come to where a person is needed. ``waiting`` tells what each task that waits is waiting for."""

    reason: str
    message: str
    blocked_task_count: int
    blocked_tasks: list[str]
    pending_task_count: int
    waiting: NotRequired[dict[str, list[str]]]
    resume_command: str


class PlanStopped(TypedDict):
    """The conductor was told to stop; ``sessions`` is ``left_running`` or ``stopped``, ``sessions_stopped`` how many were."""

    reason: str
    signal: NotRequired[str]
    sessions: str
    sessions_stopped: int


class PlanEnded(TypedDict):
    """The plan has ended."""

    status: str
    reason: NotRequired[str]


class PlanCleanStarted(TypedDict):
    """The plan is about to be put away, with the present runs that were made for it (``runs``)."""

    runs: list[str]
    keep_logs: bool
    operator: Operator


class PlanCleaned(TypedDict):
    """It was put away: so many of its runs were archived, so many of its refs moved into the trash."""

    runs: int
    refs: int


class PlanRestored(TypedDict):
    """It was brought back, with so many of its runs."""

    runs: int
    operator: Operator


class PlanSummary(TypedDict):
    """The report on the whole was written."""

    status: str
    report_path: str
    metrics: dict[str, Any]


class SummaryFailed(TypedDict):
    """It could not be written."""

    message: str


class TaskDispatch(TypedDict):
    """A task is about to be given a run. ``why`` is ``first``, ``retry``, ``conflict``, ``rescope`` or ``review``."""

    number: int
    why: str
    locks: dict[str, list[str]]


class LockDerivation(TypedDict):
    """The locks that follow from the files that a task means to write."""

    report_path: str
    confidence: str
    resources: list[str]


class ChangeReach(TypedDict):
    """How far what a task changed reaches, by its own base."""

    report_path: str
    touched_components: list[str]
    impacted_components: list[str]
    confidence: str
    surface_categories: list[str]
    tier: int


class CheckChoice(TypedDict):
    """The doctor that was chosen for a task; ``reason`` is why it is not one of its components alone."""

    report_path: str
    command: str
    enforced: bool
    reason: str | None


class SessionStarted(TypedDict):
    """The session of a task's run is there."""

    session: str
    run_id: str
    number: int


class SessionReattach(TypedDict):
    """A conductor found the session of a task's run as another left it. ``pane_pid`` is the process in its pane."""

    session: str
    run_id: str
    pane_pid: int | None
    running: bool


class SessionMissing(TypedDict):
    """The session of a task's run is gone though its job has not ended."""

    session: str
    run_id: str


class SessionExited(TypedDict):
    """The worker of a task's run ended while no conductor was there."""

    session: str
    run_id: str
    exit_code: int | None


class SessionEnded(TypedDict):
    """The job of a task's run has ended."""

    session: str
    run_id: str
    outcome: str


class TaskReason(TypedDict):
    """Something became of a task, and why."""

    reason: str


class TaskAttempts(TypedDict):
    """A task has ended after so many runs."""

    attempts: int
    message: NotRequired[str]
    merge_commit: NotRequired[str]


class SeededComplete(TypedDict):
    """A task was completed by an earlier run of the plan, ``ledger_run_id``, and is not done again."""

    merge_commit: str
    ledger_run_id: str


class ExternalSatisfied(TypedDict):
    """A task waits for others that are not done now: ``deps`` tells of each ``dep_id``, ``merge_commit``, ``ledger_run_id`` and
    ``completed_at``."""

    deps: list[dict[str, str]]


class Violations(TypedDict):
    """What a task wrote that it may not."""

    policy: str
    status: str
    report_path: str
    changed_files: list[str]
    violations: list[dict[str, Any]]


class AccessRequested(TypedDict):
    """A task wrote a file that it had not declared."""

    file: str
    resources: list[str]
    reasons: list[str]
    policy: str
    report_path: str


class Rescope(TypedDict):
    """A task is given more to write."""

    added_locks: list[str]
    added_files: list[str]
    report_path: str


class MergeGroup(TypedDict):
    """Finished tasks are combined with the branch, which stands at ``onto``."""

    tasks: list[str]
    onto: str


class MergeConflict(TypedDict):
    """A task and what was merged since it began changed the same places. ``action`` is ``rescheduled`` or ``review``."""

    paths: list[str]
    action: str


class MergeMoving(TypedDict):
    """The branch is about to be moved, with the checkout that stands on it where there is one."""

    tasks: list[str]
    branch: str
    old: str
    new: str
    checkout: NotRequired[str]


class MergeMoved(TypedDict):
    """The branch was moved."""

    tasks: list[str]
    branch: str
    new: str


class MergeBlocked(TypedDict):
    """The branch could not be moved. ``action`` is ``again`` or ``waits``."""

    tasks: list[str]
    reason: str
    message: str
    action: str


class Doctor(TypedDict):
    """The doctor of the whole is run on finished tasks combined with the branch."""

    tasks: list[str]
    command: str
    exit_code: NotRequired[int | None]
    timed_out: NotRequired[bool]
    log_path: NotRequired[str]
    duration_ms: NotRequired[int]


class CanaryResult(TypedDict):
    """What the doctor said with the canary's variable set, or why it was not asked."""

    tasks: list[str]
    env_var: str
    exit_code: NotRequired[int | None]
    severity: NotRequired[str]
    message: NotRequired[str]
    reason: NotRequired[str]


class MergeBisect(TypedDict):
    """The doctor said no to several tasks together; they are tried in parts."""

    tasks: list[str]
    parts: list[list[str]]


class BudgetCrossed(TypedDict):
    """A limit was crossed. ``scope`` is ``task`` or ``run``, ``kind`` ``tokens`` or ``cost``."""

    scope: str
    kind: str
    limit: float
    value: float
    mode: str


class ReviewAsked(TypedDict):
    """A person has to look at a task."""

    by: str
    reason: str
    report_path: NotRequired[str]


class ReviewDone(TypedDict):
    """A person decided on a task: ``approve``, ``reject``, ``retry`` or ``skip``."""

    action: str
    command_id: str
    operator: str
    reason: NotRequired[str]


class Judged(TypedDict):
    """A validator judged the work of a task, or is about to. It used ``tokens`` and cost ``cost`` US dollars."""

    validator: str
    mode: str
    status: NotRequired[str]
    summary: NotRequired[str]
    report_path: NotRequired[str]
    trigger: NotRequired[str]
    tokens: NotRequired[int]
    cost: NotRequired[float]


class TaskCommit(TypedDict):
    """The work of a task is one commit."""

    sha: str
    base: str


class CheckCommand(TypedDict):
    """A command of a task's checks: of which attempt at the step, and how it ended."""

    command: str
    attempt: int
    exit_code: NotRequired[int | None]
    summary: NotRequired[str]
    log_path: NotRequired[str]


class TddStage(TypedDict):
    """A stage of test-driven work. ``reason`` is ``non_test_changes``, ``fast_passed`` or ``fast_error`` where it failed."""

    stage: str
    mode: str
    reason: NotRequired[str]
    files: NotRequired[list[str]]
    exit_code: NotRequired[int | None]


class Bootstrap(TypedDict):
    """The commands that make a worktree ready for work."""

    command_count: int


class BootstrapCommand(TypedDict):
    """One of them."""

    cmd: str
    index: int
    exit_code: NotRequired[int | None]
    summary: NotRequired[str]
