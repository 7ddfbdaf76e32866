"""What an agent is doing, as it tells itself while it works."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from agency.domain.frozen import frozen

Doing = Literal["working", "waiting", "done"]


@frozen
class AgentState:
    """``working`` on a turn, ``waiting`` for an answer (``detail`` is the question or what it wants to do), or ``done`` with its
    turn. ``at`` is seconds since 1970, ``turn_began`` when a person last told it to do something, None when that is not known."""

    doing: Doing
    detail: str
    at: float
    turn_began: float | None = None


_WORKING = frozenset(
    {"UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "ElicitationResult", "PreCompact"}
)
_ASKS = frozenset({"permission_prompt", "elicitation_dialog"})


def state_from_hooks(events: Iterable[Mapping[str, Any]]) -> AgentState | None:
    """The state after the hook events of an agent, oldest first (``event``, ``at`` and what the hook kept of its input).

    Hooks of other kinds change nothing. A sub-agent (``agent``) works and asks like the agent
    itself, but its end is not the end of the turn.
    """
    state: AgentState | None = None
    turn: float | None = None
    for event in events:
        name, at = str(event.get("event")), float(event.get("at") or 0.0)
        if name == "UserPromptSubmit" and not event.get("agent"):
            turn = at
        question = str(event.get("question") or "")
        if question and name in ("PreToolUse", "PermissionRequest"):
            state = AgentState(doing="waiting", detail=question, at=at)
        elif name in _WORKING:
            state = AgentState(doing="working", detail=str(event.get("tool") or ""), at=at)
        elif name == "PermissionRequest":
            state = AgentState(doing="waiting", detail=f"permission: {event.get('tool') or 'unknown'}", at=at)
        elif name == "Notification" and event.get("kind") in _ASKS:
            asked = state.detail if state is not None and state.doing == "waiting" else str(event.get("message") or "")
            state = AgentState(doing="waiting", detail=asked, at=at)
        elif name == "Notification" and event.get("kind") == "idle_prompt" and state is not None:
            if state.doing == "working":  # the turn was broken off, which no other hook tells
                state = AgentState(doing="done", detail="", at=at)
        elif name in ("Stop", "StopFailure", "SessionStart") and not event.get("agent"):
            state = AgentState(doing="done", detail=str(event.get("message") or ""), at=at)
    return replace(state, turn_began=turn) if state is not None else None


def later_state(told: AgentState | None, wrote: AgentState | None) -> AgentState | None:
    """What holds of an agent whose hooks ``told`` one thing and whose session file, which it ``wrote``, says another: the later
    of both; but a question stands until a hook tells that it was answered, or the file that the turn ended."""
    if told is None or wrote is None:
        return told or wrote
    if told.doing == "waiting" and (wrote.doing != "done" or wrote.at <= told.at):
        return told
    return replace(wrote, turn_began=told.turn_began) if wrote.at > told.at else told
