"""The shapes of the data of events, in the order of a run's life. Their names are in :mod:`agency.domain.events`."""

from typing import NotRequired, TypedDict


class Operator(TypedDict):
    """The process that carries out an operation, so that a later command can tell whether it still lives."""

    pid: int
    pid_started: str
    boot_id: str
    command: str


class TaskOfPlan(TypedDict):
    """The task of a plan that a run works on, and which run of the task it is, from 1."""

    plan_id: str
    task_id: str
    number: int


class RunCreate(TypedDict):
    """What is about to be made. ``mode`` is ``interactive`` (also when absent) or ``headless``."""

    name: str
    branch: str
    parent_branch: str
    base_commit: str
    worktree: str
    session_name: str
    runner: str
    runner_args: list[str]
    mode: NotRequired[str]
    task: NotRequired[TaskOfPlan]
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
