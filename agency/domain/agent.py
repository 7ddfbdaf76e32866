"""What an agent is doing, as it tells itself while it works."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Doing = Literal["working", "waiting", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """``working`` on a turn, ``waiting`` for an answer (``detail`` is the question or what it wants to do), or ``done`` with its
    turn. ``at`` is seconds since 1970."""

    doing: Doing
    detail: str
    at: float


_WORKING = frozenset({"UserPromptSubmit", "PreToolUse", "PostToolUse", "ElicitationResult", "PreCompact"})
_ASKS = frozenset({"permission_prompt", "elicitation_dialog"})


def state_from_hooks(events: Iterable[Mapping[str, Any]]) -> AgentState | None:
    """The state after the hook events of Claude Code, oldest first (``event``, ``at`` and what the hook kept of its input).

    Hooks of other kinds change nothing: a reminder that it is idle, say.
    """
    state: AgentState | None = None
    for event in events:
        name, at = str(event.get("event")), float(event.get("at") or 0.0)
        if name in _WORKING:
            state = AgentState(doing="working", detail=str(event.get("tool") or ""), at=at)
        elif name == "PermissionRequest":
            state = AgentState(doing="waiting", detail=f"permission: {event.get('tool') or 'unknown'}", at=at)
        elif name == "Notification" and event.get("kind") in _ASKS:
            asked = state.detail if state is not None and state.doing == "waiting" else str(event.get("message") or "")
            state = AgentState(doing="waiting", detail=asked, at=at)
        elif name in ("Stop", "SessionStart"):
            state = AgentState(doing="done", detail=str(event.get("message") or ""), at=at)
    return state
