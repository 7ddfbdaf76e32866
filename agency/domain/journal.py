"""What the events of a run add up to: the half-done operation, the call for attention, the last start and end."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agency.domain.events import OPERATIONS
from agency.domain.frozen import frozen

_STARTS = frozenset({"session_start", "resume_create", "resume_restart"})
_ENDS_SESSION = frozenset({"kill_session", "work_kept", "clean_finished"})
_GOES_ON = "task.control.pause.cleared"
_CLEARS_ATTENTION = frozenset({"attention_cleared", "resume_attach", "resume_create", "resume_restart", _GOES_ON})
VERIFY_FAILED = "verify_failed"
"""The reason for attention that a failed verify sets and a good one clears."""


@frozen
class Operation:
    """An operation that was begun and not closed, and the process that began it."""

    kind: str
    since: str
    step: str
    pid: int
    pid_started: str
    boot_id: str
    command: str


@frozen
class Journal:
    """The facts that only the order of events can tell.

    ``attention`` is the reason a person is needed, or None; a failed verify goes before another reason, and gives way to that
    when the next one is good. ``killed`` says that a person ended the session after its
    last start. ``tree_made`` says that the worktree was filled. ``setup_ok`` is None until a setup script has ended.
    ``create_failed`` is the error code of a creation that ended with an error.
    """

    operation: Operation | None = None
    attention: str | None = None
    attention_since: str | None = None
    started: bool = False
    killed: bool = False
    tree_made: bool = False
    setup_ok: bool | None = None
    create_failed: str | None = None
    last_event: str | None = None
    last_event_at: str | None = None


def fold(events: Iterable[Mapping[str, Any]]) -> Journal:
    """The journal of a run from its events, oldest first. Unknown events are passed over, odd data counts as none.

    A creation is over when its runner was started, even if that was left to a resume.
    """
    operation: Operation | None = None
    closing: frozenset[str] = frozenset()
    attention: str | None = None
    attention_since: str | None = None
    verify_failed_at: str | None = None
    started = killed = tree_made = False
    setup_ok: bool | None = None
    create_failed: str | None = None
    last_event: str | None = None
    last_event_at: str | None = None
    for event in events:
        name = event.get("event", "")
        at = str(event.get("timestamp", ""))
        data = _mapping(event.get("data"))
        last_event, last_event_at = name, at
        begun = OPERATIONS.get(name)
        if begun is not None and not (begun.inner and operation is not None and operation.kind != begun.name):
            closing = begun.closing
            operator = _mapping(data.get("operator"))
            pid = operator.get("pid")
            operation = Operation(
                kind=begun.name,
                since=at,
                step=name,
                pid=pid if isinstance(pid, int) else 0,
                pid_started=str(operator.get("pid_started", "")),
                boot_id=str(operator.get("boot_id", "")),
                command=str(operator.get("command", "")),
            )
        elif operation is not None:
            done = name in closing or (operation.kind == "create" and name in _STARTS)
            operation = None if done else replace(operation, step=name)
        if name in _STARTS:
            started, killed, create_failed = True, False, None
        elif name in _ENDS_SESSION:
            killed = True
        elif name == "worktree_created" or name == "restore_finished":
            tree_made, create_failed = True, None
        elif name == "setup_finished":
            setup_ok = bool(data.get("ok"))
        elif name == "run_create_failed":
            create_failed = str(data.get("error_code", "E_INTERNAL"))
        if name == "stop":
            attention, attention_since = "stop_requested", at
        elif name == "attention_set":
            attention, attention_since = str(data.get("reason", "unknown")), at
        elif name == "verify_finished" and not data.get("cancelled"):
            verify_failed_at = at if data.get("ok") is False else None
        elif name in _CLEARS_ATTENTION:
            attention = attention_since = verify_failed_at = None
    return Journal(
        operation=operation,
        attention=VERIFY_FAILED if verify_failed_at is not None else attention,
        attention_since=verify_failed_at if verify_failed_at is not None else attention_since,
        started=started,
        killed=killed,
        tree_made=tree_made,
        setup_ok=setup_ok,
        create_failed=create_failed,
        last_event=last_event,
        last_event_at=last_event_at,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
