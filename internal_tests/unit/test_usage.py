"""Adding up what agents used: each answer once, in the attempt in which it came, at the price of its model."""

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.cli.amounts import cost_cell, cost_line, format_cost, format_tokens
from agency.domain.cost import Bill, bill, bills_by_model, price_of
from agency.domain.durations import parse_since
from agency.domain.usage import Price, Spending, Start, Usage, by_launch, each_once, total_usage

tokens = st.integers(0, 10**9)
usages = st.builds(Usage, input=tokens, cached_input=tokens, output=tokens)
moments = st.floats(0, 1e10)
spendings = st.builds(
    Spending,
    at=moments,
    model=st.sampled_from(["small", "large-1", "large-2", "unknown"]),
    usage=usages,
    cost=st.none() | st.floats(0, 1000),
    key=st.sampled_from(["", "a", "b", "c", "d"]),
)
starts = st.lists(moments, max_size=5).map(lambda at: [Start(number=i + 1, at=one) for i, one in enumerate(sorted(at))])
PRICES = {
    "small": Price(input=1.0, cached_input=0.1, output=5.0),
    "large-*": Price(input=10.0, cached_input=1.0, output=50.0),
}


def _answer(at: float = 0.0, model: str = "small", key: str = "", **counts: int) -> Spending:
    return Spending(at=at, model=model, usage=Usage(**counts), key=key)


def test_an_answer_that_is_written_down_several_times_counts_once_with_its_last_usage() -> None:
    begun, done = _answer(1.0, key="a", input=100, output=1), _answer(2.0, key="a", input=100, output=50)
    assert each_once([begun, done, begun]) == (_answer(1.0, key="a", input=100, output=50),)


def test_answers_without_a_key_are_told_apart_by_what_they_are() -> None:
    assert len(each_once([_answer(1.0, input=5), _answer(1.0, input=5), _answer(2.0, input=5)])) == 2


@given(st.lists(spendings))
def test_counting_again_what_was_counted_adds_nothing(spent: list[Spending]) -> None:
    once = each_once(spent)
    assert each_once([*once, *spent]) == once
    assert [one.at for one in once] == sorted(one.at for one in once)


@given(st.lists(spendings), starts)
def test_attempts_share_out_everything(spent: list[Spending], launches: list[Start]) -> None:
    parts = by_launch(spent, launches)
    assert [start for start, _ in parts] == launches
    if launches:
        assert sum((total_usage(part) for _, part in parts), Usage()) == total_usage(spent)
    for (_, part), (later, _) in itertools.pairwise(parts):
        assert all(one.at < later.at for one in part)
    for start, part in parts[1:]:
        assert all(one.at >= start.at for one in part)


def test_what_came_before_the_first_launch_is_told_with_it() -> None:
    parts = by_launch(
        [_answer(1.0, input=1), _answer(6.0, input=2)], [Start(number=2, at=5.0), Start(number=3, at=9.0)]
    )
    assert [total_usage(part).input for _, part in parts] == [3, 0]


@pytest.mark.parametrize(
    ("model", "priced"),
    [("m", "m"), ("m-1", "m-1"), ("m-3", "m-*"), ("m-2", "m-2*"), ("m-20", "m-2*"), ("x", "*"), ("", "*")],
)
def test_the_longest_name_that_fits_gives_the_price_and_the_very_name_wins(model: str, priced: str) -> None:
    names = ("*", "m", "m-*", "m-1", "m-2*", "m-20*-no")
    prices = {name: Price(input=float(i), cached_input=0.0, output=0.0) for i, name in enumerate(names)}
    assert price_of(model, prices) == prices[priced]


def test_without_a_name_that_fits_there_is_no_price() -> None:
    assert price_of("large", PRICES) is None
    assert price_of("LARGE-1", PRICES) is None
    assert price_of("anything", {}) is None


def test_what_the_agent_reports_goes_before_the_table() -> None:
    reported = Spending(at=0.0, model="small", usage=Usage(input=1_000_000), cost=7.0)
    told = bill([reported, _answer(input=1_000_000, output=1_000_000)], PRICES)
    assert (told.known_cost, told.is_complete) == (13.0, True)
    assert sorted(told.sources) == ["agent", "prices"]


def test_each_kind_of_token_has_its_price() -> None:
    told = bill([_answer(model="large-2", input=100_000, cached_input=1_000_000, output=10_000)], PRICES)
    assert told.known_cost == pytest.approx(1.0 + 1.0 + 0.5)


def test_a_part_without_a_price_is_named_and_the_sum_says_that_it_is_not_whole() -> None:
    told = bill([_answer(input=1_000_000), _answer(model="unknown", input=3)], PRICES)
    assert told.usage.input == 1_000_003
    assert (told.known_cost, told.is_complete) == (1.0, False)
    assert cost_cell(told) == "$1.00+"
    assert cost_line(told) == (
        "$1.00 (by the prices in the config), and more: no price for unknown; prices in agency.yaml can give one"
    )


def test_without_any_price_no_cost_is_told() -> None:
    told = bill([_answer(model="unknown", input=3)], PRICES)
    assert told.known_cost is None
    assert cost_cell(told) == "-"
    assert cost_line(told) == "- (no price for unknown; prices in agency.yaml can give one)"


def test_nothing_used_costs_nothing() -> None:
    assert (Bill().known_cost, cost_cell(Bill()), cost_line(Bill())) == (0.0, "$0.00", "$0.00")
    assert bill([_answer(model="unknown")], {}).known_cost == 0.0


@given(st.lists(spendings), st.lists(spendings))
def test_sums_of_parts_are_the_sum_of_all(some: list[Spending], others: list[Spending]) -> None:
    parts, whole = bill(some, PRICES) + bill(others, PRICES), bill([*some, *others], PRICES)
    assert (parts.usage, parts.sources, parts.unpriced) == (whole.usage, whole.sources, whole.unpriced)
    assert parts.cost == pytest.approx(whole.cost)
    by_model = sum(bills_by_model([*some, *others], PRICES).values(), Bill())
    assert by_model.usage == whole.usage
    assert by_model.cost == pytest.approx(whole.cost)


@pytest.mark.parametrize(
    ("cost", "text"),
    [(0.0, "$0.00"), (12.345, "$12.35"), (1.0, "$1.00"), (1234.5, "$1234.50"), (0.059852, "$0.05985"), (0.1, "$0.10"),
     (0.99999, "$1.00"), (0.00012346, "$0.0001235"), (0.0000001, "$0.0000001")],
)  # fmt: skip
def test_money_is_shown_to_the_cent_or_to_four_digits(cost: float, text: str) -> None:
    assert format_cost(cost) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1k"), (1234, "1.23k"), (12_345, "12.3k"), (123_456, "123k"), (999_400, "999k"),
     (999_999, "1M"), (4_567_890, "4.57M"), (1_234_567_890, "1235M")],
)  # fmt: skip
def test_tokens_are_shown_in_few_characters(count: int, text: str) -> None:
    assert format_tokens(count) == text


@given(tokens)
def test_shown_tokens_are_near_the_real_number(count: int) -> None:
    text = format_tokens(count)
    size = {"k": 1_000, "M": 1_000_000}.get(text[-1], 1)
    assert float(text.rstrip("kM")) * size == pytest.approx(count, rel=0.006)


NOW = datetime(2030, 6, 15, 12, 0, 0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", datetime(2030, 6, 8, 12, 0, 0)),
        ("1h30m", datetime(2030, 6, 15, 10, 30, 0)),
        ("0s", NOW),
        ("2030-06-01", datetime(2030, 6, 1)),
        ("2030-06-01T08:30", datetime(2030, 6, 1, 8, 30)),
        ("99999999d", datetime.min),
    ],
)
def test_since_is_a_duration_or_a_date(text: str, moment: datetime) -> None:
    assert parse_since(text, NOW) == moment


def test_since_may_name_a_zone() -> None:
    moment = parse_since("2030-06-01T08:30:00+02:00", NOW)
    assert moment.utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("text", ["", "yesterday", "7", "-1d", "2030-13-01", "2030-06-01T25:00"])
def test_since_is_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="or a date such as"):
        parse_since(text, NOW)
