"""Durations as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300ms", 0.3),
        ("0s", 0.0),
        ("90s", 90.0),
        ("1.5s", 1.5),
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("1h30m10s500ms", 5410.5),
        ("30d", 2592000.0),
        ("1m1m", 120.0),
    ],
)
def test_what_is_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "s", "1 s", " 1s", "1s ", "-1s", "+1s", "1e3s", "1S", "1w", "1.s", ".5s", "1h-5m", "1s\n"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as"):
        parse_duration(text)


@given(st.text(max_size=20))
def test_every_text_is_a_duration_of_no_less_than_nothing_or_refused(text: str) -> None:
    try:
        assert parse_duration(text) >= 0.0
    except ValueError as error:
        assert repr(text) in str(error)


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["d", "h", "m", "s", "ms"])), min_size=1, max_size=5))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    whole = parse_duration("".join(f"{number}{unit}" for number, unit in parts))
    assert whole == pytest.approx(sum(parse_duration(f"{number}{unit}") for number, unit in parts))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.9, "0s"), (59.9, "59s"), (60.0, "1m"), (3599.0, "59m"), (3600.0, "1h"), (86399.0, "23h"), (86400.0, "1d"),
     (864000.0, "10d")],
)  # fmt: skip
def test_the_largest_unit_is_shown(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(min_value=0, max_value=1e9))
def test_what_is_shown_is_never_more_and_at_least_half_of_it(seconds: float) -> None:
    shown = parse_duration(format_duration(seconds))
    assert shown <= seconds
    assert seconds < 1 or shown > seconds / 2
