"""What the events of a run add up to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.events import EVENTS, OPERATIONS
from agency.domain.journal import Journal, fold

OPERATOR = {"pid": 42, "pid_started": "777", "boot_id": "this-boot", "command": "agency run"}
INTENTS = {"run_create", "clean_started", "restore_started"}


def event(name: str, **data: object) -> dict[str, Any]:
    """An event as it stands in a log."""
    if name in INTENTS:
        data = {"operator": OPERATOR, **data}
    return {"event": name, "timestamp": f"at {name}", "data": data}


def journal(*names: str) -> Journal:
    """The journal of events that need no data of their own."""
    return fold(event(name) for name in names)


CREATED = ("run_create", "worktree_created", "session_start", "run_created")


def test_no_events_say_nothing() -> None:
    assert fold([]) == Journal()


def test_an_open_intent_tells_who_began_it_and_how_far_it_came() -> None:
    operation = journal("run_create", "worktree_created", "setup_started").operation
    assert operation is not None
    assert (operation.kind, operation.step, operation.since) == ("create", "setup_started", "at run_create")
    assert (operation.pid, operation.pid_started, operation.boot_id) == (42, "777", "this-boot")
    assert operation.command == "agency run"


@pytest.mark.parametrize(
    ("begun", "closing"), [(intent, end) for intent, kind in OPERATIONS.items() for end in sorted(kind.closing)]
)
def test_a_closing_event_ends_its_operation(begun: str, closing: str) -> None:
    assert journal(begun).operation is not None
    assert journal(begun, closing).operation is None


@pytest.mark.parametrize("intent", sorted(OPERATIONS))
def test_the_closing_events_of_other_operations_do_not_end_it(intent: str) -> None:
    foreign = {end for other, kind in OPERATIONS.items() if other != intent for end in kind.closing}
    assert all(journal(intent, end).operation is not None for end in foreign)


@pytest.mark.parametrize("start", ["resume_create", "resume_restart", "session_start"])
def test_a_creation_left_half_done_is_over_when_its_runner_is_started(start: str) -> None:
    assert journal("run_create", "worktree_created", start).operation is None
    assert journal("clean_started", start).operation is not None


def test_a_second_intent_takes_up_the_first() -> None:
    operation = journal("clean_started", "worktree_parked", "clean_started").operation
    assert operation is not None
    assert operation.step == "clean_started"
    assert journal("clean_started", "restore_started", "restore_finished").operation is None


def test_a_creation_that_failed_is_told_until_a_runner_is_started_or_the_tree_is_made() -> None:
    failed = (event("run_create"), event("run_create_failed", error_code="E_TMUX_FAILED", step="session_start"))
    assert fold(failed).create_failed == "E_TMUX_FAILED"
    assert fold([*failed, event("resume_create")]).create_failed is None
    assert fold([*failed, event("restore_started"), event("restore_finished")]).create_failed is None


def test_whether_the_tree_was_made() -> None:
    assert not journal("run_create").tree_made
    assert journal("run_create", "worktree_created").tree_made
    assert journal("run_create", "restore_started", "restore_finished").tree_made


@pytest.mark.parametrize(("ok", "expected"), [(True, True), (False, False)])
def test_how_the_setup_script_ended(ok: bool, expected: bool) -> None:
    assert journal("setup_started").setup_ok is None
    assert fold([event("setup_finished", ok=ok)]).setup_ok is expected


def test_killed_means_ended_by_a_person_since_the_last_start() -> None:
    assert not journal(*CREATED).killed
    assert journal(*CREATED, "kill_session").killed
    assert not journal(*CREATED, "kill_session", "resume_create").killed
    assert not journal(*CREATED, "kill_session", "resume_restart").killed
    assert journal(*CREATED, "clean_started", "work_kept", "clean_finished").killed


def test_a_stop_asks_for_attention() -> None:
    stopped = journal(*CREATED, "stop")
    assert (stopped.attention, stopped.attention_since) == ("stop_requested", "at stop")
    assert not stopped.killed


def test_a_person_may_ask_for_attention_with_a_reason() -> None:
    assert fold([event("attention_set", reason="user_marked")]).attention == "user_marked"


@pytest.mark.parametrize("clearing", ["attention_cleared", "resume_attach", "resume_create", "resume_restart"])
def test_attention_ends_with_a_later_resume_or_when_it_is_cleared(clearing: str) -> None:
    cleared = journal("stop", clearing)
    assert (cleared.attention, cleared.attention_since) == (None, None)
    assert journal("stop", clearing, "stop").attention == "stop_requested"


@pytest.mark.parametrize("other", ["attach", "resume_failed", "kill_session", "send", "clean_failed", "rename"])
def test_attention_outlives_everything_else(other: str) -> None:
    assert journal("stop", other).attention == "stop_requested"


def test_a_verify_that_is_part_of_another_operation_leaves_that_open() -> None:
    operation = journal("land_started", "verify_started", "verify_finished").operation
    assert operation is not None
    assert (operation.kind, operation.step) == ("land", "verify_finished")


def test_a_failed_verify_calls_for_attention_until_a_good_one() -> None:
    failed = event("verify_finished", ok=False, cancelled=False)
    assert fold([failed]).attention == "verify_failed"
    assert fold([failed, event("verify_finished", ok=True)]).attention is None


def test_a_verify_that_a_person_cancelled_calls_for_nobody() -> None:
    assert fold([event("verify_finished", ok=False, cancelled=True)]).attention is None


def test_a_good_verify_clears_no_other_call_for_attention() -> None:
    assert fold([event("stop"), event("verify_finished", ok=True)]).attention == "stop_requested"


def test_a_call_for_attention_outlives_a_failed_verify_and_the_good_one_after_it() -> None:
    failed, good = event("verify_finished", ok=False, cancelled=False), event("verify_finished", ok=True)
    marked = event("attention_set", reason="user_marked")
    for before in ([marked, failed], [failed, marked]):
        assert fold(before).attention == "verify_failed"
        assert fold([*before, good]).attention == "user_marked"
        assert fold([*before, good]).attention_since == "at attention_set"
        assert fold([*before, event("attention_cleared")]).attention is None


def test_a_cancelled_verify_leaves_the_call_of_a_failed_one() -> None:
    failed, cancelled = (event("verify_finished", ok=False, cancelled=how) for how in (False, True))
    assert fold([failed, cancelled]).attention == "verify_failed"


def test_the_last_event_and_its_time() -> None:
    last = journal("run_create", "attach")
    assert (last.last_event, last.last_event_at) == ("attach", "at attach")


names = st.sampled_from(sorted(EVENTS))
histories = st.lists(names, max_size=30)


@given(histories)
def test_an_operation_is_open_exactly_while_its_last_intent_is_not_closed(history: list[str]) -> None:
    starts = {"session_start", "resume_create", "resume_restart"}
    open_kind, ends = None, frozenset[str]()
    for name in history:
        begun = OPERATIONS.get(name)
        if begun is not None and not (begun.inner and open_kind not in (None, begun.name)):
            open_kind, ends = begun.name, begun.closing
        elif name in ends or (open_kind == "create" and name in starts):
            open_kind, ends = None, frozenset()
    operation = journal(*history).operation
    assert (operation.kind if operation else None) == open_kind


@given(histories, st.text(max_size=20).filter(lambda name: name not in EVENTS), st.integers(0, 30))
def test_events_of_a_later_version_change_nothing_else(history: list[str], strange: str, place: int) -> None:
    place = min(place, max(len(history) - 1, 0))
    with_it = [*history[:place], strange, *history[place:]]
    plain, other = journal(*history), journal(*with_it)
    assert (other.attention, other.killed, other.started, other.tree_made) == (
        plain.attention,
        plain.killed,
        plain.started,
        plain.tree_made,
    )
    assert (other.operation is None) == (plain.operation is None)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
odd_data = json_values | st.fixed_dictionaries(
    {"operator": json_values | st.fixed_dictionaries({"pid": json_values, "boot_id": json_values})}
)


@given(st.lists(st.fixed_dictionaries({"event": names, "data": odd_data, "timestamp": json_values}), max_size=8))
def test_odd_data_never_stops_anybody_from_reading_a_log(history: list[dict[str, Any]]) -> None:
    fold(history)
