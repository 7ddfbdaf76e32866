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


class ScriptFinished(TypedDict):
    """How a script ended. ``exit_code`` is absent when it was ended from outside."""

    ok: bool
    exit_code: NotRequired[int]
    timed_out: bool
    cancelled: bool
    duration_ms: int
    log_path: str
    summary: NotRequired[str]


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
    """The branch was removed; ``commit`` is where it pointed."""

    branch: str
    commit: str


class OperationFailed(TypedDict):
    """The operation ended with an error and is not half-done: typing it again starts it anew."""

    error_code: str
    step: str


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
CLEAN_FINISHED = EventKind("clean_finished", Nothing)
CLEAN_FAILED = EventKind("clean_failed", OperationFailed)
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


OPERATIONS: dict[str, tuple[str, frozenset[str]]] = {
    "run_create": ("create", frozenset({"run_created", "run_create_failed"})),
    "clean_started": ("clean", frozenset({"clean_finished", "clean_failed"})),
    "restore_started": ("restore", frozenset({"restore_finished", "restore_failed"})),
}
"""Intent event -> the operation it begins and the events that close it."""
