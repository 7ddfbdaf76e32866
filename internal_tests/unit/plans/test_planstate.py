"""How far a plan is: kept and read back as it was, and never moved where it cannot go."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.errors import AgencyError
from agency.domain.manifest import Access
from agency.domain.planstate import (
    COMPLETE,
    DISPATCHING,
    DONE,
    FAILED,
    HALTED,
    PAUSED,
    PENDING,
    RESCOPE,
    REVIEW,
    RUNNING,
    SKIPPED,
    VALIDATED,
    WORKING,
    Dispatch,
    PlanState,
    Review,
    TaskState,
    plan_state_from_record,
    record_of_plan_state,
)

STATUSES = (PENDING, RUNNING, VALIDATED, COMPLETE, FAILED, REVIEW, RESCOPE, SKIPPED, PAUSED)
TEXTS = st.text(max_size=5)
OPTIONAL = st.none() | TEXTS
ACCESS = st.builds(Access, reads=st.lists(TEXTS, max_size=2).map(tuple), writes=st.lists(TEXTS, max_size=2).map(tuple))
NUMBERS = st.integers(0, 10**9)
DOLLARS = st.floats(0, 1e6)
TASKS = st.builds(
    TaskState,
    status=st.sampled_from(STATUSES),
    phase=st.sampled_from([None, DISPATCHING, WORKING]),
    locks=ACCESS,
    files=ACCESS,
    dispatches=st.lists(
        st.builds(Dispatch, number=NUMBERS, why=TEXTS, run_id=OPTIONAL, outcome=OPTIONAL, tokens=NUMBERS, cost=DOLLARS),
        max_size=2,
    ).map(tuple),
    counted=NUMBERS,
    due_at=st.none() | DOLLARS,
    rescopes=NUMBERS,
    conflicts=NUMBERS,
    revivals=NUMBERS,
    base=OPTIONAL,
    commit=OPTIONAL,
    merged=OPTIONAL,
    review=st.none() | st.builds(Review, by=TEXTS, reason=TEXTS, report=OPTIONAL),
    reason=OPTIONAL,
    next_why=st.sampled_from(["first", "retry", "conflict"]),
    context=OPTIONAL,
    earlier=OPTIONAL,
    approved=st.booleans(),
    validators=st.lists(st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2).map(tuple),
)
STATES = st.builds(
    PlanState,
    tasks=st.dictionaries(TEXTS, TASKS, max_size=3),
    status=st.sampled_from(["running", "paused", "complete", "failed"]),
    reason=OPTIONAL,
    limits=st.dictionaries(TEXTS, DOLLARS, max_size=2),
    commands=st.lists(TEXTS, max_size=2).map(tuple),
    refused=st.dictionaries(TEXTS, TEXTS, max_size=2),
    merges=NUMBERS,
    judged=NUMBERS,
)


@given(state=STATES)
def test_a_state_is_read_back_as_it_was_kept(state: PlanState) -> None:
    assert plan_state_from_record(json.loads(json.dumps(record_of_plan_state(state)))) == state


@pytest.mark.plan_case(19)
@pytest.mark.parametrize(
    ("status", "to"),
    [(COMPLETE, PENDING), (COMPLETE, RUNNING), (PENDING, VALIDATED), (FAILED, COMPLETE), (SKIPPED, COMPLETE)],
)
def test_a_move_that_is_not_one_is_refused_with_both_ends_named(status: str, to: str) -> None:
    with pytest.raises(AgencyError, match=f"a task that is {status} cannot become {to}") as refused:
        TaskState(status=status).moved(to)
    assert refused.value.code == "E_PLAN_TRANSITION" and refused.value.hint


@given(task=TASKS, to=st.sampled_from(STATUSES))
def test_a_move_changes_the_status_and_ends_the_phase_and_nothing_else(task: TaskState, to: str) -> None:
    try:
        moved = task.moved(to)
    except AgencyError:
        return
    assert (moved.status, moved.phase) == (to, None)
    assert moved.dispatches == task.dispatches and moved.locks == task.locks and moved.commit == task.commit


@given(task=TASKS.filter(lambda task: task.status == PENDING))
def test_a_dispatch_is_numbered_counted_and_begins_without_what_the_run_before_left(task: TaskState) -> None:
    fresh = task.dispatching()
    assert fresh.dispatch == Dispatch(number=len(task.dispatches) + 1, why=task.next_why)
    assert (fresh.status, fresh.phase, fresh.counted) == (RUNNING, DISPATCHING, task.counted + 1)
    assert (fresh.commit, fresh.base, fresh.review, fresh.approved, fresh.earlier) == (
        None,
        None,
        None,
        False,
        task.commit,
    )


def test_from_everywhere_but_the_end_a_person_can_leave_a_task_out_or_send_it_back() -> None:
    for status in STATUSES:
        if status in HALTED or status == PENDING:
            TaskState(status=status).moved(SKIPPED)
            TaskState(status=status).moved(PENDING)
    assert not DONE & HALTED
