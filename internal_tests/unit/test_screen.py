"""What the last lines of a screen tell, by patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.facts import Doing
from agency.domain.screen import LAST_LINES, QUIET, doing_on_screen

PATTERNS = {
    "working": (r"esc to interrupt",),
    "waiting": (r"\[y/n\]$", r"^asks: (.*)"),
    "done": (r"^> *$", r"^idle", r"^said (.*)"),
}


def told(screen: str, age: float = 60.0) -> Doing | None:
    """What a screen tells, ``age`` seconds after the last output."""
    return doing_on_screen(screen, PATTERNS, age)


@pytest.mark.parametrize(
    ("screen", "what", "detail"),
    [
        ("spinning (esc to interrupt)", "working", "spinning (esc to interrupt)"),
        ("Apply this change? [y/n]", "waiting", "Apply this change? [y/n]"),
        ("│ Apply  this change? [y/n]", "waiting", "Apply this change? [y/n]"),
        ("asks: may I?", "waiting", "may I?"),
        ("hello\n>", "done", ""),
        ("idle since ten", "done", ""),
        ("said all is well", "done", "all is well"),
        ("a question [y/n]\nspinning (esc to interrupt)\n>", "waiting", "a question [y/n]"),
        ("spinning (esc to interrupt)\n>", "working", "spinning (esc to interrupt)"),
        ("first [y/n]\nsecond [y/n]\n>", "waiting", "second [y/n]"),
    ],
)
def test_a_question_goes_before_work_and_work_before_a_prompt(screen: str, what: str, detail: str) -> None:
    assert told(screen) == Doing(what=what, detail=detail, age=60.0)


def test_an_answered_question_does_not_fit_any_more() -> None:
    assert told("Apply? [y/n] y\n>") == Doing(what="done", detail="", age=60.0)


def test_a_prompt_counts_only_when_nothing_was_printed_for_a_while() -> None:
    assert told(">", age=QUIET) == Doing(what="done", detail="", age=QUIET)
    assert told(">", age=QUIET - 0.1) == Doing(what="working", detail="", age=QUIET - 0.1)


def test_a_question_and_work_count_at_once() -> None:
    assert told("Apply? [y/n]", age=0.0) == Doing(what="waiting", detail="Apply? [y/n]", age=0.0)
    assert told("esc to interrupt", age=0.0) == Doing(what="working", detail="esc to interrupt", age=0.0)


def test_a_screen_that_no_pattern_fits_tells_nothing() -> None:
    assert told("hello") is None
    assert told("") is None
    assert doing_on_screen(">", {}, 60.0) is None


def test_what_stands_far_above_is_past_and_blank_lines_do_not_count() -> None:
    lines = [f"line {number}" for number in range(LAST_LINES - 1)]
    assert told("\n\n".join(["Apply? [y/n]", *lines])) is not None
    assert told("\n\n".join(["Apply? [y/n]", *lines, "one more"])) is None


def test_a_pattern_that_a_hand_spoiled_is_passed_over() -> None:
    assert doing_on_screen("x", {"working": ("(", "x")}, 9.0) == Doing(what="working", detail="x", age=9.0)


def test_a_group_that_takes_no_part_leaves_the_line() -> None:
    assert doing_on_screen("b!", {"working": ("(a)|b",)}, 9.0) == Doing(what="working", detail="b!", age=9.0)


@given(st.text(), st.floats(0, 1e6))
def test_the_verdict_has_one_line_at_most(screen: str, age: float) -> None:
    seen = told(screen, age)
    assert seen is None or ("\n" not in seen.detail and seen.age == age)
