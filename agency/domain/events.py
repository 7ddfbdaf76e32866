"""The registry of events: every name that may stand in an ``events.jsonl`` and the shape of its data.

An intent event is written before the first side effect of an operation with several steps; exactly one of its
closing events ends it. An intent without a closing event is a half-done operation.
"""

from typing import Any

from agency.domain.checkpointdata import (
    CheckpointRestoreFinished,
    CheckpointRestoreStarted,
    CheckpointSaved,
    HardResetFinished,
    HardResetStarted,
    HardResetSwapped,
)
from agency.domain.containerdata import ContainerExited, ContainerFound, ContainerMissing, ContainerStarted
from agency.domain.eventdata import (
    Attach,
    AttentionSet,
    BranchDeleted,
    CleanStarted,
    CommandEnd,
    CommandStart,
    ConflictOpened,
    DirtyAllowed,
    KillSession,
    LandCombined,
    LandFinished,
    LandMoving,
    LandStarted,
    MergeAnswered,
    MergeAsked,
    MergeChecked,
    MergeFinished,
    MergeStarted,
    Nothing,
    OperationFailed,
    PullRequestEvent,
    PullRequestSought,
    PushFinished,
    PushStarted,
    Rebased,
    RecordRebuilt,
    Rename,
    RestoreStarted,
    Resume,
    ResumeFailed,
    RunCreate,
    ScriptFinished,
    ScriptStarted,
    Send,
    SessionStart,
    Stop,
    ThreadEvent,
    Transfer,
    VerifyFinished,
    VerifyStarted,
    WorkKept,
    WorktreeParked,
)
from agency.domain.eventkind import Event as Event
from agency.domain.eventkind import EventKind as EventKind
from agency.domain.frozen import frozen
from agency.domain.planevents import PLAN_EVENTS
from agency.domain.taskdata import (
    AttemptFailed,
    AttemptFinished,
    AttemptStarted,
    Control,
    HealEscalated,
    HealExhausted,
    HealTriggered,
    PauseChanged,
    Recovery,
    ResumeFromStep,
    StepData,
    StepsPlan,
    TaskFinished,
    Waiting,
)

SCHEMA_VERSION = "1.0"

RUN_CREATE = EventKind("run_create", RunCreate)
WORKTREE_CREATED = EventKind("worktree_created", Nothing)
SETUP_STARTED = EventKind("setup_started", ScriptStarted)
SETUP_FINISHED = EventKind("setup_finished", ScriptFinished)
SESSION_START = EventKind("session_start", SessionStart)
RUN_CREATED = EventKind("run_created", Nothing)
RUN_CREATE_FAILED = EventKind("run_create_failed", OperationFailed)
ATTACH = EventKind("attach", Attach)
RESUME_ATTACH = EventKind("resume_attach", Resume)
RESUME_CREATE = EventKind("resume_create", Resume)
RESUME_RESTART = EventKind("resume_restart", Resume)
RESUME_FAILED = EventKind("resume_failed", ResumeFailed)
STOP = EventKind("stop", Stop)
KILL_SESSION = EventKind("kill_session", KillSession)
ATTENTION_SET = EventKind("attention_set", AttentionSet)
ATTENTION_CLEARED = EventKind("attention_cleared", Nothing)
SEND = EventKind("send", Send)
RENAME = EventKind("rename", Rename)
CMD_START = EventKind("cmd_start", CommandStart)
CMD_END = EventKind("cmd_end", CommandEnd)
CLEAN_STARTED = EventKind("clean_started", CleanStarted)
ARCHIVE_STARTED = EventKind("archive_started", ScriptStarted)
ARCHIVE_FINISHED = EventKind("archive_finished", ScriptFinished)
WORK_KEPT = EventKind("work_kept", WorkKept)
WORKTREE_PARKED = EventKind("worktree_parked", WorktreeParked)
BRANCH_DELETED = EventKind("branch_deleted", BranchDeleted)
REMOTE_BRANCH_DELETED = EventKind("remote_branch_deleted", BranchDeleted)
CLEAN_FINISHED = EventKind("clean_finished", Nothing)
CLEAN_FAILED = EventKind("clean_failed", OperationFailed)
VERIFY_STARTED = EventKind("verify_started", VerifyStarted)
VERIFY_FINISHED = EventKind("verify_finished", VerifyFinished)
PUSH_STARTED = EventKind("push_started", PushStarted)
DIRTY_ALLOWED = EventKind("dirty_allowed", DirtyAllowed)
GIT_FETCH_FINISHED = EventKind("git_fetch_finished", Transfer)
GIT_PUSH_FINISHED = EventKind("git_push_finished", Transfer)
PR_CREATED = EventKind("pr_created", PullRequestEvent)
PR_BODY_SYNCED = EventKind("pr_body_synced", PullRequestEvent)
PR_RESOLUTION_ATTEMPT = EventKind("pr_resolution_attempt", PullRequestSought)
PUSH_FINISHED = EventKind("push_finished", PushFinished)
PUSH_FAILED = EventKind("push_failed", OperationFailed)
MERGE_PRECHECKS_PASSED = EventKind("merge_prechecks_passed", MergeChecked)
MERGE_CONFIRMED = EventKind("merge_confirmed", Nothing)
MERGE_STARTED = EventKind("merge_started", MergeStarted)
MERGE_ALREADY_MERGED = EventKind("merge_already_merged", PullRequestEvent)
GH_MERGE_STARTED = EventKind("gh_merge_started", MergeAsked)
GH_MERGE_FINISHED = EventKind("gh_merge_finished", MergeAnswered)
MERGE_FINISHED = EventKind("merge_finished", MergeFinished)
MERGE_FAILED = EventKind("merge_failed", OperationFailed)
LAND_STARTED = EventKind("land_started", LandStarted)
LAND_COMBINED = EventKind("land_combined", LandCombined)
LAND_MOVING = EventKind("land_moving", LandMoving)
LAND_FINISHED = EventKind("land_finished", LandFinished)
LAND_FAILED = EventKind("land_failed", OperationFailed)
CONFLICT_OPENED = EventKind("conflict_opened", ConflictOpened)
REBASED = EventKind("rebased", Rebased)
CHECKPOINT_SAVED = EventKind("checkpoint_saved", CheckpointSaved)
CHECKPOINT_RESTORE_STARTED = EventKind("checkpoint_restore_started", CheckpointRestoreStarted)
CHECKPOINT_RESTORE_FINISHED = EventKind("checkpoint_restore_finished", CheckpointRestoreFinished)
CHECKPOINT_RESTORE_FAILED = EventKind("checkpoint_restore_failed", OperationFailed)
HARD_RESET_STARTED = EventKind("hard_reset_started", HardResetStarted)
HARD_RESET_SWAPPED = EventKind("hard_reset_swapped", HardResetSwapped)
HARD_RESET_FINISHED = EventKind("hard_reset_finished", HardResetFinished)
HARD_RESET_FAILED = EventKind("hard_reset_failed", OperationFailed)
RECORD_REBUILT = EventKind("record_rebuilt", RecordRebuilt)
RESTORE_STARTED = EventKind("restore_started", RestoreStarted)
RESTORE_FINISHED = EventKind("restore_finished", Nothing)
RESTORE_FAILED = EventKind("restore_failed", OperationFailed)
TASK_STEPS_PLAN = EventKind("task.steps.plan", StepsPlan)
STEP_STARTED = EventKind("task.step.started", StepData)
STEP_FINISHED = EventKind("task.step.finished", StepData)
STEP_FAILED = EventKind("task.step.failed", StepData)
ATTEMPT_STARTED = EventKind("task.step.attempt.started", AttemptStarted)
ATTEMPT_FINISHED = EventKind("task.step.attempt.finished", AttemptFinished)
ATTEMPT_FAILED = EventKind("task.step.attempt.failed", AttemptFailed)
HEAL_TRIGGERED = EventKind("task.self_heal.triggered", HealTriggered)
HEAL_ESCALATED = EventKind("task.self_heal.escalated", HealEscalated)
HEAL_EXHAUSTED = EventKind("task.self_heal.exhausted", HealExhausted)
RESUME_FROM_STEP = EventKind("task.resume.from_step", ResumeFromStep)
TASK_CONTROL = EventKind("task.control", Control)
PAUSE_ACTIVE = EventKind("task.control.pause.active", PauseChanged)
PAUSE_CLEARED = EventKind("task.control.pause.cleared", PauseChanged)
RECOVERY_REQUESTED = EventKind("task.control.recovery.requested", Recovery)
RECOVERY_ACK = EventKind("task.control.recovery.ack", Recovery)
RECOVERY_APPLIED = EventKind("task.control.recovery.applied", Recovery)
RECOVERY_FAILED = EventKind("task.control.recovery.failed", Recovery)
RECOVERY_SUPERSEDED = EventKind("task.control.recovery.superseded", Recovery)
TASK_WAITING = EventKind("task.waiting", Waiting)
TASK_WAITING_CLEARED = EventKind("task.waiting.cleared", Waiting)
TASK_FINISHED = EventKind("task.finished", TaskFinished)
CONTAINER_START = EventKind("container.start", ContainerStarted)
CONTAINER_REATTACH = EventKind("container.reattach", ContainerFound)
CONTAINER_EXIT = EventKind("container.exit", ContainerExited)
CONTAINER_MISSING = EventKind("container.missing", ContainerMissing)

EVENTS: dict[str, EventKind[Any]] = {
    **{kind.name: kind for kind in list(globals().values()) if isinstance(kind, EventKind)},
    **PLAN_EVENTS,
}

_THREAD_EVENTS = (".thread.started", ".thread.resumed")


def thread_started(agent: str) -> EventKind[ThreadEvent]:
    """``<agent>.thread.started``: a conversation began, or became known."""
    return EventKind(f"{agent}{_THREAD_EVENTS[0]}", ThreadEvent)


def thread_resumed(agent: str) -> EventKind[ThreadEvent]:
    """``<agent>.thread.resumed``: the agent was started to go on with a conversation."""
    return EventKind(f"{agent}{_THREAD_EVENTS[1]}", ThreadEvent)


def kind_of(name: str) -> EventKind[Any] | None:
    """The kind of an event by its name, or None for one that is not registered."""
    return EventKind(name, ThreadEvent) if name.endswith(_THREAD_EVENTS) else EVENTS.get(name)


@frozen
class OperationKind:
    """An operation of several steps: its name, and the events that close it. ``in_the_way``: where it was left half-done, nobody
    can work in the run before it is finished or undone. ``inner``: it may be a step of another, which then stays the one that
    is told."""

    name: str
    closing: frozenset[str]
    in_the_way: bool = False
    inner: bool = False


OPERATIONS: dict[str, OperationKind] = {
    "run_create": OperationKind(
        name="create", closing=frozenset({"run_created", "run_create_failed"}), in_the_way=True
    ),
    "clean_started": OperationKind(
        name="clean", closing=frozenset({"clean_finished", "clean_failed"}), in_the_way=True
    ),
    "restore_started": OperationKind(
        name="restore", closing=frozenset({"restore_finished", "restore_failed"}), in_the_way=True
    ),
    "verify_started": OperationKind(name="verify", closing=frozenset({"verify_finished"}), inner=True),
    "push_started": OperationKind(name="push", closing=frozenset({"push_finished", "push_failed"})),
    "merge_started": OperationKind(name="merge", closing=frozenset({"merge_finished", "merge_failed"})),
    "land_started": OperationKind(name="land", closing=frozenset({"land_finished", "land_failed"})),
    "checkpoint_restore_started": OperationKind(
        name="checkpoint", closing=frozenset({"checkpoint_restore_finished", "checkpoint_restore_failed"})
    ),
    "hard_reset_started": OperationKind(
        name="hard reset", closing=frozenset({"hard_reset_finished", "hard_reset_failed"}), in_the_way=True
    ),
}
"""Intent event -> the operation it begins."""

IN_THE_WAY = frozenset(kind.name for kind in OPERATIONS.values() if kind.in_the_way)
"""Operations that leave a run in which nobody can work when they are left half-done."""
