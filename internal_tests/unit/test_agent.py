"""What an agent is doing, from what its hooks told and its session file says."""

import pytest

from agency.domain.agent import AgentState, later_state, state_from_hooks

Event = dict[str, object]

PROMPT: Event = {"event": "UserPromptSubmit", "at": 1.0}
BEFORE: Event = {"event": "PreToolUse", "at": 2.0, "tool": "Bash make"}
ASK: Event = {"event": "PermissionRequest", "at": 3.0, "tool": "Bash make"}
REMIND: Event = {"event": "Notification", "at": 4.0, "kind": "permission_prompt", "message": "it wants Bash"}
IDLE: Event = {"event": "Notification", "at": 9.0, "kind": "idle_prompt", "message": "still there?"}
AFTER: Event = {"event": "PostToolUse", "at": 5.0, "tool": "Bash make"}
STOP: Event = {"event": "Stop", "at": 6.0, "message": "made"}
START: Event = {"event": "SessionStart", "at": 0.5}

HOOKS: list[tuple[str, list[Event], tuple[str, str, float, float | None] | None]] = [
    ("nothing", [], None),
    ("a start", [START], ("done", "", 0.5, None)),
    ("a prompt", [START, PROMPT], ("working", "", 1.0, 1.0)),
    ("a tool", [PROMPT, BEFORE], ("working", "Bash make", 2.0, 1.0)),
    ("a question", [PROMPT, BEFORE, ASK], ("waiting", "permission: Bash make", 3.0, 1.0)),
    (
        "a tool that asks",
        [PROMPT, {**BEFORE, "question": "which port?"}, {**ASK, "question": "which port?"}],
        ("waiting", "which port?", 3.0, 1.0),
    ),
    ("its reminder", [PROMPT, ASK, REMIND], ("waiting", "permission: Bash make", 4.0, 1.0)),
    ("a reminder alone", [PROMPT, REMIND], ("waiting", "it wants Bash", 4.0, 1.0)),
    ("an answer", [PROMPT, ASK, AFTER], ("working", "Bash make", 5.0, 1.0)),
    ("an end", [PROMPT, AFTER, STOP], ("done", "made", 6.0, 1.0)),
    ("an end that was idle long", [PROMPT, STOP, IDLE], ("done", "made", 6.0, 1.0)),
    ("a turn that was broken off", [PROMPT, BEFORE, IDLE], ("done", "", 9.0, 1.0)),
    ("a question that stands for long", [PROMPT, ASK, IDLE], ("waiting", "permission: Bash make", 3.0, 1.0)),
    ("an end by an error", [PROMPT, {**STOP, "event": "StopFailure"}], ("done", "made", 6.0, 1.0)),
    ("the end of a sub-agent", [PROMPT, BEFORE, {**STOP, "agent": "b"}], ("working", "Bash make", 2.0, 1.0)),
    ("a prompt to a sub-agent", [PROMPT, {**PROMPT, "at": 2.5, "agent": "b"}], ("working", "", 2.5, 1.0)),
    ("a question of a sub-agent", [PROMPT, {**ASK, "agent": "b"}], ("waiting", "permission: Bash make", 3.0, 1.0)),
    ("lines without sense", [{}, {"event": 5, "at": None}], None),
]


@pytest.mark.parametrize(("events", "expected"), [row[1:] for row in HOOKS], ids=[row[0] for row in HOOKS])
def test_hooks(events: list[Event], expected: tuple[str, str, float, float | None] | None) -> None:
    state = state_from_hooks(events)
    seen = (state.doing, state.detail, state.at, state.turn_began) if state is not None else None
    assert seen == expected


def _working(at: float) -> AgentState:
    return AgentState(doing="working", detail="", at=at)


def _waiting(at: float) -> AgentState:
    return AgentState(doing="waiting", detail="?", at=at)


def _done(at: float) -> AgentState:
    return AgentState(doing="done", detail="", at=at)


BOTH: list[tuple[str, AgentState | None, AgentState | None, AgentState | None]] = [
    ("neither", None, None, None),
    ("hooks alone", _working(1.0), None, _working(1.0)),
    ("the file alone", None, _done(1.0), _done(1.0)),
    ("the hooks are later", _working(2.0), _done(1.0), _working(2.0)),
    ("the file is later", _working(1.0), _done(2.0), _done(2.0)),
    ("a question outlives other work in the file", _waiting(1.0), _working(2.0), _waiting(1.0)),
    ("a question ends with the turn", _waiting(1.0), _done(2.0), _done(2.0)),
    ("a question is newer than the end of the turn before", _waiting(2.0), _done(1.0), _waiting(2.0)),
    ("a question that only the file tells", _working(1.0), _waiting(2.0), _waiting(2.0)),
]


@pytest.mark.parametrize(("told", "wrote", "expected"), [row[1:] for row in BOTH], ids=[row[0] for row in BOTH])
def test_hooks_and_session_file(told: AgentState | None, wrote: AgentState | None, expected: AgentState | None) -> None:
    assert later_state(told, wrote) == expected


def test_the_turn_that_hooks_tell_of_is_known_whatever_the_file_says() -> None:
    told = state_from_hooks([PROMPT, BEFORE])
    state = later_state(told, _done(9.0))
    assert state is not None
    assert (state.doing, state.turn_began) == ("done", 1.0)
