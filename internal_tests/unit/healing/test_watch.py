"""Which timer ends an attempt, and what counts as time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.budgets import Budgets
from agency.domain.clock import LONGEST_TICK, ActiveClock
from agency.domain.watch import Watched, trip

BUDGETS = Budgets(timeout_seconds=30, idle_timeout_seconds=10)


def seen(active: float, idle: float) -> Watched:
    """An attempt that runs since ``active`` seconds and tells nothing since ``idle``."""
    return Watched(clock=ActiveClock(active=active, progress_at=active - idle))


@pytest.mark.case(13, "DOC-REQ-001")
def test_silence_trips_the_idle_timer_when_it_is_over() -> None:
    assert trip(seen(9.9, 9.9), BUDGETS) is None
    assert trip(seen(10, 10), BUDGETS) == "idle"


@pytest.mark.case(14, "DOC-REQ-001")
def test_output_now_and_then_keeps_the_idle_timer_off() -> None:
    clock = ActiveClock()
    for _ in range(5):
        for _ in range(5):
            clock = clock.add(1)
            assert trip(Watched(clock=clock), BUDGETS) is None
        clock = clock.progressed()
    assert clock.active == 25 > BUDGETS.idle_timeout_seconds


@pytest.mark.case(15, "DOC-REQ-001")
def test_a_chatty_attempt_trips_the_timer_of_the_whole_attempt() -> None:
    assert trip(seen(29.9, 0), BUDGETS) is None
    assert trip(seen(30, 0), BUDGETS) == "wall"


@pytest.mark.case(16, "DOC-REQ-001")
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.booleans(), st.booleans())
def test_an_end_of_its_own_wins_over_every_timer(active: float, idle: float, waiting: bool, taken_over: bool) -> None:
    clock = ActiveClock(active=active, progress_at=active - idle)
    assert trip(Watched(clock=clock, exited=True, waiting=waiting, taken_over=taken_over), BUDGETS) == "exited"


def test_of_both_timers_the_idle_one_is_told() -> None:
    assert trip(seen(1000, 1000), BUDGETS) == "idle"


@pytest.mark.case(28, "DOC-REQ-008")
def test_no_timer_runs_out_while_a_person_is_waited_for_or_at_work() -> None:
    clock = ActiveClock(active=1e6)
    assert trip(Watched(clock=clock, waiting=True), BUDGETS) is None
    assert trip(Watched(clock=clock, taken_over=True), BUDGETS) is None


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_timer_of_0_is_off(active: float, idle: float) -> None:
    off = Budgets(timeout_seconds=0, idle_timeout_seconds=0)
    assert trip(seen(active, idle), off) is None


@pytest.mark.case(59, "DOC-REQ-001")
@given(st.lists(st.one_of(st.floats(), st.floats(0, 10))))
def test_neither_sleep_nor_a_clock_that_jumps_counts(elapsed: list[float]) -> None:
    clock = ActiveClock()
    for one in elapsed:
        after = clock.add(one)
        assert 0 <= after.active - clock.active <= LONGEST_TICK * (1 + 1e-9)
        clock = after
    assert clock.idle == clock.active
    assert clock.progressed().idle == 0
