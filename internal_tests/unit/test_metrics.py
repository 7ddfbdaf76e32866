"""What the end of an attempt counts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.metrics import AttemptEnd, attempt_metrics, datagram
from agency.domain.redaction import Redactor
from internal_tests.support.secrets import KNOWN, SECRET

R = Redactor(KNOWN)
CLASSES = st.none() | st.sampled_from(["transient_runtime", "stuck_no_progress", "deterministic_repo"])
ENDS = st.builds(
    AttemptEnd,
    step=st.text(),
    attempt=st.integers(1, 99),
    outcome=st.sampled_from(["succeeded", "failed", "lost"]),
    duration=st.floats(-1, 1e6),
    failure_class=CLASSES,
    recovered_from=CLASSES,
    strategy=st.none() | st.sampled_from(["soft_reset", "hard_reset"]),
    timeout=st.none() | st.sampled_from(["wall", "idle"]),
    recovered=st.booleans(),
    exhausted=st.booleans(),
    no_progress=st.booleans(),
)


def lines(end: AttemptEnd, prefix: str = "") -> list[str]:
    """The datagrams of an end."""
    return [datagram(metric, prefix).decode() for metric in attempt_metrics(end, R)]


@pytest.mark.case(7, "DOC-REQ-011")
@pytest.mark.case(8, "DOC-REQ-011")
def test_a_failed_attempt_is_counted_with_its_class_and_strategy_and_timed_in_milliseconds() -> None:
    end = AttemptEnd(
        step="step-2",
        attempt=1,
        outcome="failed",
        duration=1.25,
        failure_class="transient_runtime",
        strategy="soft_reset",
        timeout="idle",
    )
    assert lines(end, "agency") == [
        "agency.task.self_heal.attempts_total:1|c"
        "|#class:transient_runtime,strategy:soft_reset,outcome:failed,step:step-2,attempt:1",
        "agency.task.step.duration_seconds:1250|ms|#step:step-2,attempt:1",
        "agency.task.step.idle_timeout_total:1|c|#step:step-2,attempt:1",
    ]


def test_a_clean_success_has_no_class() -> None:
    assert lines(AttemptEnd(step="a", attempt=1, outcome="succeeded", duration=0.5)) == [
        "task.self_heal.attempts_total:1|c|#outcome:succeeded,step:a,attempt:1",
        "task.step.duration_seconds:500|ms|#step:a,attempt:1",
    ]


def test_a_recovery_tells_what_it_recovered_from() -> None:
    end = AttemptEnd(
        step="a",
        attempt=2,
        outcome="succeeded",
        duration=0,
        recovered=True,
        recovered_from="stuck_no_progress",
        strategy="hard_reset",
    )
    assert (
        lines(end)[2]
        == "task.self_heal.recovered_total:1|c|#class:stuck_no_progress,strategy:hard_reset,step:a,attempt:2"
    )


def test_the_end_of_a_step_counts_exhaustion_timeout_and_standstill() -> None:
    end = AttemptEnd(
        step="a",
        attempt=3,
        outcome="failed",
        duration=0,
        failure_class="stuck_no_progress",
        timeout="wall",
        exhausted=True,
        no_progress=True,
    )
    assert lines(end)[2:] == [
        "task.self_heal.exhausted_total:1|c|#class:stuck_no_progress,step:a,attempt:3",
        "task.step.wall_timeout_total:1|c|#step:a,attempt:3",
        "task.step.no_progress_total:1|c|#step:a,attempt:3",
    ]


@pytest.mark.case(53, "DOC-REQ-012")
def test_a_secret_in_the_id_of_a_step_is_not_sent() -> None:
    sent = "".join(lines(AttemptEnd(step=f"a {SECRET}", attempt=1, outcome="failed", duration=0)))
    assert "step:a__REDACTED_," in sent


@given(ENDS, st.sampled_from(["", "agency", "a.b."]))
def test_every_end_is_counted_and_timed_once_and_every_line_is_well_formed(end: AttemptEnd, prefix: str) -> None:
    sent = lines(end, prefix)
    assert sum("attempts_total" in line for line in sent) == sum("duration_seconds" in line for line in sent) == 1
    assert len(sent) == 2 + end.recovered + end.exhausted + end.no_progress + (end.timeout is not None)
    for line in sent:
        assert re.fullmatch(r"[a-z_.]+:[0-9]+\|(?:c|ms)\|#[a-z]+:[\w.-]+(?:,[a-z]+:[\w.-]+)*", line, re.ASCII)
