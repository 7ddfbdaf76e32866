"""What an operator may ask of the worker of a headless run, and which of it stands."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen

MAX_REASON = 1000
"""Characters that a reason may have."""
MAX_OPERATOR_RESETS = 5
"""How often operators may have the worktree of one job rebuilt."""


@frozen
class ActionKind:
    """An action. ``recovery``: it changes what is done next, and is acknowledged; ``needs_step``: it has to name a step;
    ``strategy`` is what it makes of the step; ``on_ended``: it also starts a job again that has ended; ``at_once``: an attempt
    that runs is ended for it."""

    name: str
    recovery: bool = False
    needs_step: bool = False
    strategy: str = "none"
    on_ended: bool = False
    at_once: bool = False


ACTIONS: dict[str, ActionKind] = {
    kind.name: kind
    for kind in (
        ActionKind(name="pause"),
        ActionKind(name="unpause"),
        ActionKind(name="takeover", on_ended=True, at_once=True),
        ActionKind(name="release"),
        ActionKind(name="retry_step", recovery=True, strategy="soft_reset", on_ended=True),
        ActionKind(name="hard_reset_step", recovery=True, strategy="hard_reset", on_ended=True, at_once=True),
        ActionKind(
            name="resume_from_step",
            recovery=True,
            needs_step=True,
            strategy="hard_reset",
            on_ended=True,
            at_once=True,
        ),
    )
}
"""Every action by its name."""


@frozen
class Command:
    """One line of ``control.jsonl``: who asked for what, when and why. ``step_id`` and ``step_index`` are None where the action
    is of no step, or of the one that is current."""

    command_id: str
    action: str
    requested_at: str
    requested_by: Mapping[str, Any]
    step_id: str | None = None
    step_index: int | None = None
    reason: str | None = None

    @property
    def kind(self) -> ActionKind:
        """What the action is."""
        return ACTIONS[self.action]


def require_reason_fits(reason: str | None) -> None:
    """Raise E_USAGE for a reason that is too long."""
    if reason is not None and len(reason) > MAX_REASON:
        raise AgencyError(
            "E_USAGE", f"a reason has at most {MAX_REASON} characters; this has {len(reason)}", hint="shorten it"
        )


def record_of_command(command: Command) -> dict[str, Any]:
    """The ``control.jsonl`` object of a command."""
    return {
        "schema_version": "1.0",
        "command_id": command.command_id,
        "action": command.action,
        "step_id": command.step_id,
        "step_index": command.step_index,
        "reason": command.reason,
        "requested_at": command.requested_at,
        "requested_by": dict(command.requested_by),
    }


def command_from_record(record: Mapping[str, Any]) -> Command | None:
    """The command of a ``control.jsonl`` object; None for one that is not understood."""
    action, command_id = record.get("action"), record.get("command_id")
    if action not in ACTIONS or not isinstance(command_id, str):
        return None
    by = record.get("requested_by")
    index = record.get("step_index")
    return Command(
        command_id=command_id,
        action=str(action),
        requested_at=str(record.get("requested_at", "")),
        requested_by=by if isinstance(by, dict) else {},
        step_id=record.get("step_id"),
        step_index=index if isinstance(index, int) else None,
        reason=record.get("reason"),
    )


@frozen
class Standing:
    """What of the commands stands: whether the job is ``paused`` or ``taken_over``, and the ``pending`` recovery.

    ``ids`` are the commands that were taken in: one that comes twice is one deed. ``superseded`` are pending ones that newer
    ones replaced, to be told.
    """

    paused: bool = False
    taken_over: bool = False
    pending: Command | None = None
    ids: tuple[str, ...] = ()
    superseded: tuple[Command, ...] = ()

    @property
    def held(self) -> str | None:
        """``taken_over`` or ``paused`` while no attempt may begin, else None."""
        if self.taken_over:
            return "taken_over"
        return "paused" if self.paused else None

    def after(self, command: Command) -> "Standing":
        """What stands once ``command`` has come too."""
        if command.command_id in self.ids:
            return self
        ids = (*self.ids, command.command_id)
        if command.kind.recovery:
            replaced = (self.pending,) if self.pending is not None else ()
            return replace(self, pending=command, ids=ids, superseded=(*self.superseded, *replaced))
        paused, taken_over = {
            "pause": (True, self.taken_over),
            "unpause": (False, False),
            "takeover": (self.paused, True),
            "release": (self.paused, False),
        }[command.action]
        return replace(self, paused=paused, taken_over=taken_over, ids=ids)


def standing_of(commands: Iterable[Command], closed: Container[str]) -> Standing:
    """What stands once all ``commands`` have come, oldest first. ``closed`` are the ids of recoveries that are over."""
    standing = Standing()
    for command in commands:
        standing = standing.after(command)
        if standing.pending is not None and standing.pending.command_id in closed:
            standing = replace(standing, pending=None)
    return replace(standing, superseded=tuple(one for one in standing.superseded if one.command_id not in closed))
