"""Whether JSON has the shape that was asked for, and finding it in what an agent says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.jsonshape import TEXT, TEXTS, list_of, misfits, one_of, or_null, shape, value_in

SCHEMA = shape(
    {
        "pass": {"type": "boolean"},
        "level": one_of(("low", "high")),
        "line": or_null("integer"),
        "notes": TEXTS,
        "parts": list_of(shape({"name": {**TEXT, "minLength": 1}}), minItems=1),
    }
)
GOOD = {"pass": True, "level": "low", "line": None, "notes": [], "parts": [{"name": "one"}]}


def wrong(value: object) -> list[str]:
    """Everything that is wrong with a value."""
    return list(misfits(value, SCHEMA))


def test_a_value_that_fits_has_nothing_wrong_with_it() -> None:
    assert wrong(GOOD) == []
    assert wrong({**GOOD, "line": 7}) == []


def test_what_may_be_null_may_be_missing() -> None:
    assert wrong({key: value for key, value in GOOD.items() if key != "line"}) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"pass": 1}, "pass is not true or false"),
        ({"line": True}, "line is not an integer or null"),
        ({"level": "middle"}, "level is none of low, high"),
        ({"notes": [1]}, "notes[0] is not a text"),
        ({"parts": []}, "parts has fewer than 1 items"),
        ({"parts": [{"name": " "}]}, "parts[0].name is empty"),
        ({"parts": [{}]}, "parts[0].name is missing"),
        ({"more": 1}, "more is not known"),
    ],
)
def test_each_difference_is_told_with_its_key_path(change: dict[str, Any], told: str) -> None:
    assert wrong({**GOOD, **change}) == [told]


def test_all_differences_are_told_at_once() -> None:
    assert len(wrong({"pass": "yes", "level": 1, "parts": "none"})) == 4


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"Here it is:\n```json\n{json.dumps(GOOD, indent=2)}\n```\nDone.",
        f"I looked at {{a}} and {{b: 1}}. {json.dumps(GOOD)} is what I think.",
        f"First I thought {json.dumps({**GOOD, 'level': 'middle'})}, now {json.dumps(GOOD)}",
        f"```\n{{}}\n```\n```json\n{json.dumps(GOOD)}\n```",
    ],
)
def test_the_value_is_found_between_other_words(text: str) -> None:
    assert value_in(text, SCHEMA) == (GOOD, ())


def test_of_two_that_fit_the_last_is_meant() -> None:
    later = {**GOOD, "level": "high"}
    assert value_in(f"{json.dumps(GOOD)} no: {json.dumps(later)}", SCHEMA) == (later, ())


@given(st.text(alphabet=st.sampled_from('{}[]":,ab1\n`'), max_size=200))
def test_no_text_is_taken_for_a_value_that_it_does_not_hold(text: str) -> None:
    value, problems = value_in(text, SCHEMA)
    assert problems
    assert value is None or wrong(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_any_json_is_judged_without_an_exception(value: object) -> None:
    for told in misfits(value, SCHEMA):
        assert told
