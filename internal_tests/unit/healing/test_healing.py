"""The table of strategies, the count of failures without progress, and the delay before the next attempt."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.budgets import Budgets
from agency.domain.failures import RETRYABLE, FailureClass, TimeoutReason
from agency.domain.healing import (
    LONGEST_DELAY,
    LONGEST_RETRY_AFTER,
    NoProgress,
    Strategy,
    Verdict,
    backoff,
    choose_strategy,
)
from agency.domain.signature import Signature

CLASSES = st.sampled_from(get_args(FailureClass))
SIGNATURES = st.sampled_from([None, *(Signature(version=v, text=h, hash=h) for v, h in product((1, 2), "ab"))])
DIFFS = st.sampled_from([None, "x", "y"])


def failures(
    *strategies_of: tuple[str | None, str | None], limit: int = 2, budgets: Budgets | None = None
) -> list[Strategy]:
    """What follows each of these failures (signature, diff), one attempt each, until the step ends."""
    budgets = budgets or Budgets(no_progress_limit=limit)
    window, resets, chosen = NoProgress(), 0, list[Strategy]()
    for attempt, (signature, diff) in enumerate(strategies_of, 1):
        window = window.after(None if signature is None else Signature(version=1, text="", hash=signature), diff)
        verdict = choose_strategy(
            "transient_runtime", attempt=attempt, no_progress=window, resets=resets, budgets=budgets
        )
        chosen.append(verdict.strategy)
        if verdict.strategy == "hard_reset":
            window, resets = NoProgress(), resets + 1
    return chosen


@pytest.mark.case(1, "DOC-REQ-002")
def test_the_budgets_are_those_of_the_seed() -> None:
    budgets = Budgets()
    assert (budgets.max_attempts, budgets.timeout_seconds, budgets.idle_timeout_seconds) == (3, 900, 300)
    assert (budgets.no_progress_limit, budgets.max_resets) == (2, 1)


@pytest.mark.case(19, "DOC-REQ-001", "DOC-REQ-002", "DOC-REQ-005")
def test_identical_failures_lead_to_one_hard_reset_and_then_to_the_end() -> None:
    assert failures(("a", "x"), ("a", "x"), ("a", "x")) == ["soft_reset", "hard_reset", "queue_retry"]
    four = Budgets(max_attempts=4)
    assert failures(*[("a", "x")] * 4, budgets=four) == ["soft_reset", "hard_reset", "soft_reset", "queue_retry"]


@pytest.mark.case(20, "DOC-REQ-001")
def test_the_same_error_over_another_tree_is_no_reason_for_a_hard_reset() -> None:
    assert failures(("a", None), ("a", "x"), ("a", "y")) == ["soft_reset", "soft_reset", "queue_retry"]
    assert failures(("a", "x"), ("b", "x"), ("c", "x")) == ["soft_reset", "soft_reset", "queue_retry"]


@pytest.mark.case(22, "DOC-REQ-002", "DOC-REQ-005")
def test_no_hard_reset_is_spent_on_the_last_attempt() -> None:
    assert failures(("a", "x"), ("b", "x"), ("b", "x")) == ["soft_reset", "soft_reset", "queue_retry"]


@pytest.mark.case(23, "DOC-REQ-002", "DOC-REQ-005")
def test_without_resets_there_is_no_hard_reset() -> None:
    assert failures(*[("a", "x")] * 2, budgets=Budgets(max_resets=0)) == ["soft_reset", "queue_retry"]


def test_a_limit_of_0_switches_the_rule_off() -> None:
    assert failures(*[("a", "x")] * 3, limit=0) == ["soft_reset", "soft_reset", "queue_retry"]


@pytest.mark.case(4, "DOC-REQ-001")
def test_the_first_failure_counts_one_and_an_equal_one_two() -> None:
    signature = Signature(version=1, text="t", hash="h")
    first = NoProgress().after(signature, None)
    assert (first.count, first.reaches(2)) == (1, False)
    second = first.after(signature, None)
    assert (second.count, second.reaches(2)) == (2, True)
    assert second.after(signature, "x").count == 1
    assert second.after(replace(signature, hash="i"), None).count == 1
    assert second.after(replace(signature, version=2), None).count == 1
    assert second.after(None, None) == NoProgress()


@given(st.lists(st.tuples(SIGNATURES, DIFFS), max_size=12))
def test_the_count_is_the_length_of_the_run_of_equal_failures(told: list[tuple[Signature | None, str | None]]) -> None:
    window = NoProgress()
    for signature, diff in told:
        window = window.after(signature, diff)
    run = 0
    for one in reversed(told):
        if one != told[-1] or one[0] is None:
            break
        run += 1
    assert window.count == run


@pytest.mark.case(24, "DOC-REQ-003")
@given(CLASSES, st.integers(1, 6), st.integers(0, 6), st.integers(0, 3), st.booleans(), st.booleans(), st.data())
def test_the_table_of_strategies(
    given_class: FailureClass, n: int, c: int, h: int, cancel: bool, operator: bool, data: st.DataObject
) -> None:
    budgets = Budgets(
        max_attempts=data.draw(st.integers(1, 5)),
        no_progress_limit=data.draw(st.integers(0, 4)),
        max_resets=data.draw(st.integers(0, 2)),
    )
    verdict = choose_strategy(
        given_class,
        attempt=n,
        no_progress=NoProgress(count=c),
        resets=h,
        budgets=budgets,
        cancel_requested=cancel,
        operator_pending=operator,
    )
    stuck = 0 < budgets.no_progress_limit <= c
    table: list[tuple[bool, Strategy]] = [
        (cancel, "none"),
        (operator, "operator_request"),
        (given_class.startswith("deterministic"), "none"),
        (stuck and h < budgets.max_resets and n < budgets.max_attempts, "hard_reset"),
        (stuck, "queue_retry"),
        (n < budgets.max_attempts, "soft_reset"),
        (True, "queue_retry"),
    ]
    assert verdict.strategy == next(strategy for holds, strategy in table if holds)
    assert verdict.cancelled == cancel
    assert verdict.retryable == (given_class in RETRYABLE)
    assert (verdict.failure_class in RETRYABLE) == (given_class in RETRYABLE), "no class is made retryable"
    assert (verdict.failure_class == "stuck_no_progress") >= (stuck and given_class in RETRYABLE)
    ends = not cancel and verdict.strategy in ("none", "queue_retry")
    assert (verdict.exhausted is not None) == ends
    assert verdict.strategy not in ("soft_reset", "hard_reset") or n < budgets.max_attempts


@pytest.mark.case(11, "DOC-REQ-008")
def test_a_step_without_attempts_left_is_exhausted_but_may_be_tried_later() -> None:
    verdict = choose_strategy(
        "transient_runtime", attempt=2, no_progress=NoProgress(count=2), resets=0, budgets=Budgets(max_attempts=2)
    )
    assert verdict == Verdict(
        failure_class="stuck_no_progress", strategy="queue_retry", retryable=True, exhausted="attempts_exhausted"
    )


@pytest.mark.case(12, "DOC-REQ-003", "DOC-REQ-008")
def test_a_deterministic_failure_ends_the_step_at_once_even_with_a_limit_of_one() -> None:
    verdict = choose_strategy(
        "deterministic_contract",
        attempt=1,
        no_progress=NoProgress(count=1),
        resets=0,
        budgets=Budgets(no_progress_limit=1),
    )
    assert verdict == Verdict(
        failure_class="deterministic_contract", strategy="none", retryable=False, exhausted="deterministic_failure"
    )


JITTER = st.floats(0, 1, exclude_max=True)


@given(st.integers(-3, 10**6), JITTER)
def test_the_delay_doubles_up_to_a_limit(attempt: int, jitter: float) -> None:
    delay = backoff(attempt, jitter=jitter)
    assert 0.25 <= delay <= LONGEST_DELAY
    assert backoff(attempt + 1, jitter=jitter) >= delay
    assert backoff(attempt, jitter=0.0) / 2 <= delay <= backoff(attempt, jitter=0.0)


def test_the_first_delays_are_short() -> None:
    assert [backoff(attempt, jitter=0.0) for attempt in range(1, 10)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


@given(st.integers(1, 50), JITTER, st.floats(), st.sampled_from([None, "idle", "wall"]))
def test_a_provider_that_asks_to_wait_is_heard(
    attempt: int, jitter: float, asked: float, timeout: TimeoutReason | None
) -> None:
    delay = backoff(attempt, jitter=jitter, retry_after=asked, timeout=timeout)
    assert 0 <= delay <= LONGEST_RETRY_AFTER
    if asked == asked:
        assert delay >= min(asked, LONGEST_RETRY_AFTER)


@pytest.mark.case(13, "DOC-REQ-004")
@pytest.mark.parametrize("timeout", ["idle", "wall"])
def test_after_the_first_hang_the_next_attempt_starts_at_once(timeout: TimeoutReason) -> None:
    assert backoff(1, jitter=0.5, timeout=timeout) == 0
    assert backoff(2, jitter=0.0, timeout=timeout) == 1
