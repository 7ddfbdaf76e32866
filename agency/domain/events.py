"""The registry of events: every name that may stand in an ``events.jsonl`` and the shape of its data.

An intent event is written before the first side effect of an operation with several steps; exactly one of its
closing events ends it. An intent without a closing event is a half-done operation.
"""

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, NotRequired, TypedDict, TypeVar

D = TypeVar("D")

SCHEMA_VERSION = "1.0"


class Operator(TypedDict):
    """The process that carries out an operation, so that a later command can tell whether it still lives."""

    pid: int
    pid_started: str
    boot_id: str
    command: str


class RunCreate(TypedDict):
    """What is about to be made."""

    name: str
    branch: str
    parent_branch: str
    base_commit: str
    worktree: str
    session_name: str
    runner: str
    runner_args: list[str]
    operator: Operator


class ScriptStarted(TypedDict):
    """A script of the repo starts."""

    command: str
    timeout_ms: int
    log_path: str


class VerifyStarted(ScriptStarted):
    """The verify script starts on ``commit`` and ``tree``, all of the worktree; it may tell more in ``verify_json_path``."""

    commit: str
    tree: str
    verify_json_path: str
    operator: Operator


class ScriptFinished(TypedDict):
    """How a script ended. ``exit_code`` is absent when it was ended from outside, by ``signal`` where that is known."""

    ok: bool
    exit_code: NotRequired[int]
    signal: NotRequired[str]
    timed_out: bool
    cancelled: bool
    duration_ms: int
    log_path: str
    summary: NotRequired[str]


class VerifyFinished(ScriptFinished):
    """How the verify script ended, and where the evidence is. ``verify_json_path`` is None when the script told nothing there."""

    verify_record_path: str
    verify_json_path: str | None


class SessionStart(TypedDict):
    """A session was made for the first time; ``launch`` counts the starts of the runner from 1."""

    session_name: str
    runner: str
    launch: int


class Resume(TypedDict):
    """A successful resume. ``revived``: the runner had exited and was started again in its own pane."""

    session_name: str
    runner: str
    detached: bool
    restart: bool
    revived: NotRequired[bool]


class ResumeFailed(TypedDict):
    """Why a resume did not succeed: ``archived``, ``missing``, ``runner_exited``, or ``thread_unknown``, when the agent ended at
    once on being told to go on with ``thread_id``."""

    session_name: str
    reason: str
    exit_code: NotRequired[int]
    thread_id: NotRequired[str]


class ThreadEvent(TypedDict):
    """Which conversation the runner is in. ``replaced`` is the one it left, ``reason`` why (``fresh``, ``unknown``,
    ``left``, ``fork``)."""

    thread_id: str
    how: str
    replaced: NotRequired[str]
    reason: NotRequired[str]


class Attach(TypedDict):
    """A terminal is about to be connected to the session."""

    session_name: str
    read_only: bool


class Stop(TypedDict):
    """An interrupt was typed into the pane."""

    session_name: str
    keys: list[str]


class KillSession(TypedDict):
    """The session was ended by a person, with the processes that ran in it."""

    session_name: str


class AttentionSet(TypedDict):
    """A person has to look at the run."""

    reason: str


class Send(TypedDict):
    """Text was put into the pane: how many bytes, whether Enter followed, and, where the agent tells, whether it took it."""

    session_name: str
    bytes: int
    enter: bool
    confirmed: NotRequired[bool]


class Rename(TypedDict):
    """The run has another name now."""

    old: str
    new: str


class CommandStart(TypedDict):
    """A command that records what it saw starts."""

    cmd: str
    args: list[str]


class CommandEnd(TypedDict):
    """How that command ended."""

    cmd: str
    exit_code: int
    duration_ms: int
    capture_ok: bool
    capture_error: NotRequired[str]


class CleanStarted(TypedDict):
    """What a clean is about to do. Written again by the command that takes up an interrupted one."""

    delete_branch: bool
    discard: bool
    operator: Operator


class WorkKept(TypedDict):
    """Everything in the worktree was kept as ``commit`` under ``ref``."""

    ref: str
    commit: str
    uncommitted: int


class WorktreeParked(TypedDict):
    """The worktree was moved aside to ``path``."""

    path: str


class BranchDeleted(TypedDict):
    """The branch was removed, here or on origin; ``commit`` is where it pointed."""

    branch: str
    commit: str


class OperationFailed(TypedDict):
    """The operation ended with an error and is not half-done: typing it again starts it anew. ``conflicts`` are the paths that
    could not be combined."""

    error_code: str
    step: str
    conflicts: NotRequired[list[str]]


class PushStarted(TypedDict):
    """The branch is about to be pushed and its pull request made or brought up to date."""

    branch: str
    commit: str
    operator: Operator


class DirtyAllowed(TypedDict):
    """A command goes on although the worktree has uncommitted changes: ``status`` names them, as git does."""

    cmd: str
    status: list[str]


class Transfer(TypedDict):
    """Something was fetched from a remote, or pushed to it."""

    remote: str
    duration_ms: int


class PullRequestEvent(TypedDict):
    """A pull request was made, or its text brought up to date."""

    pr_number: int
    pr_url: str


class PullRequestSought(TypedDict):
    """The pull request of a branch was looked for. ``attempt`` counts from 1."""

    owner_repo: str
    head: str
    attempt: int
    found: bool


class PushFinished(TypedDict):
    """The branch was pushed. ``pr_action`` is ``created``, ``updated``, ``unchanged``, or ``none`` where there are no pull
    requests."""

    commit: str
    pr_action: str
    pr_number: NotRequired[int]
    pr_url: NotRequired[str]


class MergeStarted(TypedDict):
    """The pull request is about to be merged at ``commit``."""

    pr_number: int
    pr_url: str
    strategy: str
    commit: str
    no_delete_branch: bool
    operator: Operator


class MergeChecked(TypedDict):
    """Nothing stands against the merge of a pull request."""

    pr_number: int
    pr_url: str
    branch: str


class MergeAsked(TypedDict):
    """GitHub is asked to merge a pull request."""

    pr_number: int
    pr_url: str
    strategy: str


class MergeAnswered(TypedDict):
    """What GitHub made of it."""

    pr_number: int
    ok: bool


class MergeFinished(TypedDict):
    """The pull request is merged; what is left is to archive the run."""

    pr_number: int
    pr_url: str
    merge_commit: NotRequired[str]


class LandStarted(TypedDict):
    """The work up to ``commit`` is about to be combined with branch ``target`` in the directory ``place``."""

    target: str
    strategy: str
    commit: str
    place: str
    operator: Operator


class LandCombined(TypedDict):
    """The work was combined with ``onto``, the tip of the target, as ``commit``. ``attempt`` counts from 1."""

    commit: str
    onto: str
    attempt: int


class LandMoving(TypedDict):
    """The target is about to be moved from ``old`` to ``new``, with the checkout that stands on it (absent: none does)."""

    target: str
    old: str
    new: str
    checkout: NotRequired[str]


class LandFinished(TypedDict):
    """The target holds the work as ``commit``; what is left is to archive the run."""

    target: str
    strategy: str
    commit: str


class ConflictOpened(TypedDict):
    """The branch is being rebased from ``old`` onto ``onto`` in the worktree; ``conflicts`` are the paths to be resolved."""

    target: str
    onto: str
    old: str
    conflicts: list[str]
    told: bool


class Rebased(TypedDict):
    """The branch was rebased from ``old`` onto ``onto``, which made ``new``; nothing conflicted."""

    target: str
    onto: str
    old: str
    new: str


class RestoreStarted(TypedDict):
    """A worktree, branch and record are about to be brought back."""

    operator: Operator


class RecordRebuilt(TypedDict):
    """The record of the run was written anew from its events; ``reason`` is what was wrong with it."""

    reason: str


class Nothing(TypedDict):
    """No data."""


class Event(NamedTuple):
    """An event to be appended."""

    name: str
    data: object


@dataclass(frozen=True, slots=True, eq=False)
class EventKind(Generic[D]):
    """An event name and the shape of its data (a TypedDict). Called with data of that shape, it makes an event."""

    name: str
    data: type[D]

    def __call__(self, data: D) -> Event:
        """The event of this kind with ``data``."""
        return Event(self.name, data)


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
RECORD_REBUILT = EventKind("record_rebuilt", RecordRebuilt)
RESTORE_STARTED = EventKind("restore_started", RestoreStarted)
RESTORE_FINISHED = EventKind("restore_finished", Nothing)
RESTORE_FAILED = EventKind("restore_failed", OperationFailed)

EVENTS: dict[str, EventKind[Any]] = {
    kind.name: kind for kind in list(globals().values()) if isinstance(kind, EventKind)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
}
"""Intent event -> the operation it begins."""

IN_THE_WAY = frozenset(kind.name for kind in OPERATIONS.values() if kind.in_the_way)
"""Operations that leave a run in which nobody can work when they are left half-done."""
