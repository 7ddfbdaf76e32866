"""The registry of the events of plans, part of that in :mod:`agency.domain.events`."""

from typing import Any

from agency.domain.eventkind import EventKind
from agency.domain.plandata import (
    AccessRequested,
    Bootstrap,
    BootstrapCommand,
    BudgetCrossed,
    CanaryResult,
    ChangeReach,
    CheckChoice,
    CheckCommand,
    Doctor,
    ExternalSatisfied,
    Judged,
    LockDerivation,
    MergeBisect,
    MergeBlocked,
    MergeConflict,
    MergeGroup,
    MergeMoved,
    MergeMoving,
    PlanBegun,
    PlanCleaned,
    PlanCleanStarted,
    PlanEnded,
    PlanPaused,
    PlanRestored,
    PlanStopped,
    PlanSummary,
    Rescope,
    ReviewAsked,
    ReviewDone,
    SeededComplete,
    SessionEnded,
    SessionExited,
    SessionMissing,
    SessionReattach,
    SessionStarted,
    SummaryFailed,
    TaskAttempts,
    TaskCommit,
    TaskDispatch,
    TaskReason,
    TasksLoaded,
    TddStage,
    Violations,
)

RUN_START = EventKind("run.start", PlanBegun)
RUN_RESUME = EventKind("run.resume", PlanBegun)
RUN_TASKS_LOADED = EventKind("run.tasks_loaded", TasksLoaded)
RUN_PAUSED = EventKind("run.paused", PlanPaused)
RUN_BLOCKED = EventKind("run.blocked", PlanPaused)
RUN_STOP = EventKind("run.stop", PlanStopped)
RUN_SUMMARY = EventKind("run.summary", PlanSummary)
RUN_SUMMARY_ERROR = EventKind("run.summary.error", SummaryFailed)
RUN_COMPLETE = EventKind("run.complete", PlanEnded)
RUN_CLEAN_START = EventKind("run.clean.start", PlanCleanStarted)
RUN_CLEAN_COMPLETE = EventKind("run.clean.complete", PlanCleaned)
RUN_RESTORE = EventKind("run.restore", PlanRestored)
TASK_DISPATCH = EventKind("task.dispatch", TaskDispatch)
PLAN_SESSION_START = EventKind("session.start", SessionStarted)
PLAN_SESSION_REATTACH = EventKind("session.reattach", SessionReattach)
PLAN_SESSION_MISSING = EventKind("session.missing", SessionMissing)
PLAN_SESSION_EXITED = EventKind("session.exited_on_resume", SessionExited)
PLAN_SESSION_ENDED = EventKind("session.ended", SessionEnded)
LOCK_DERIVATION = EventKind("task.lock_derivation", LockDerivation)
BLAST_RADIUS = EventKind("task.blast_radius", ChangeReach)
CHECKSET = EventKind("task.checkset", CheckChoice)
TASK_COMMIT = EventKind("git.commit", TaskCommit)
TASK_RESET = EventKind("task.reset", TaskReason)
TASK_SKIPPED = EventKind("task.skipped", TaskReason)
TASK_PAUSED = EventKind("task.paused", TaskReason)
PLAN_TASK_FAILED = EventKind("task.failed", TaskAttempts)
PLAN_TASK_COMPLETE = EventKind("task.complete", TaskAttempts)
TASK_SEEDED = EventKind("task.seeded_complete", SeededComplete)
DEPS_SATISFIED = EventKind("deps.external_satisfied", ExternalSatisfied)
COMPLIANCE_SKIP = EventKind("manifest.compliance.skip", Violations)
COMPLIANCE_PASS = EventKind("manifest.compliance.pass", Violations)
COMPLIANCE_WARN = EventKind("manifest.compliance.warn", Violations)
COMPLIANCE_BLOCK = EventKind("manifest.compliance.block", Violations)
ACCESS_REQUESTED = EventKind("access.requested", AccessRequested)
RESCOPE_START = EventKind("task.rescope.start", Rescope)
RESCOPE_UPDATED = EventKind("task.rescope.updated", Rescope)
RESCOPE_FAILED = EventKind("task.rescope.failed", TaskReason)
VALIDATOR_START = EventKind("validator.start", Judged)
VALIDATOR_PASS = EventKind("validator.pass", Judged)
VALIDATOR_FAIL = EventKind("validator.fail", Judged)
VALIDATOR_SKIP = EventKind("validator.skip", Judged)
VALIDATOR_ERROR = EventKind("validator.error", Judged)
VALIDATOR_BLOCK = EventKind("validator.block", Judged)
MERGE_GROUP = EventKind("merge.start", MergeGroup)
MERGE_CONFLICT = EventKind("merge.conflict", MergeConflict)
MERGE_BISECT = EventKind("merge.bisect", MergeBisect)
MERGE_BLOCKED = EventKind("merge.blocked", MergeBlocked)
MERGE_MOVING = EventKind("merge.moving", MergeMoving)
MERGE_MOVED = EventKind("merge.moved", MergeMoved)
INTEGRATION_START = EventKind("doctor.integration.start", Doctor)
INTEGRATION_PASS = EventKind("doctor.integration.pass", Doctor)
INTEGRATION_FAIL = EventKind("doctor.integration.fail", Doctor)
CANARY_START = EventKind("doctor.canary.start", CanaryResult)
CANARY_EXPECTED_FAIL = EventKind("doctor.canary.expected_fail", CanaryResult)
CANARY_UNEXPECTED_PASS = EventKind("doctor.canary.unexpected_pass", CanaryResult)
CANARY_SKIPPED = EventKind("doctor.canary.skipped", CanaryResult)
BUDGET_WARN = EventKind("budget.warn", BudgetCrossed)
BUDGET_BLOCK = EventKind("budget.block", BudgetCrossed)
REVIEW_ASKED = EventKind("review.asked", ReviewAsked)
REVIEW_DONE = EventKind("review.done", ReviewDone)
DOCTOR_START = EventKind("doctor.start", CheckCommand)
DOCTOR_PASS = EventKind("doctor.pass", CheckCommand)
DOCTOR_FAIL = EventKind("doctor.fail", CheckCommand)
LINT_START = EventKind("lint.start", CheckCommand)
LINT_PASS = EventKind("lint.pass", CheckCommand)
LINT_FAIL = EventKind("lint.fail", CheckCommand)
FAST_START = EventKind("verify.fast.start", CheckCommand)
FAST_PASS = EventKind("verify.fast.pass", CheckCommand)
FAST_FAIL = EventKind("verify.fast.fail", CheckCommand)
TDD_START = EventKind("tdd.stage.start", TddStage)
TDD_PASS = EventKind("tdd.stage.pass", TddStage)
TDD_FAIL = EventKind("tdd.stage.fail", TddStage)
BOOTSTRAP_START = EventKind("bootstrap.start", Bootstrap)
BOOTSTRAP_COMMAND_START = EventKind("bootstrap.cmd.start", BootstrapCommand)
BOOTSTRAP_COMMAND_COMPLETE = EventKind("bootstrap.cmd.complete", BootstrapCommand)
BOOTSTRAP_COMMAND_FAIL = EventKind("bootstrap.cmd.fail", BootstrapCommand)
BOOTSTRAP_COMPLETE = EventKind("bootstrap.complete", Bootstrap)

PLAN_EVENTS: dict[str, EventKind[Any]] = {
    kind.name: kind for kind in list(globals().values()) if isinstance(kind, EventKind)
}
