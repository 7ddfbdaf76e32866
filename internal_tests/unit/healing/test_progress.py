"""What counts as meaningful output."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agency.domain.progress import LONGEST_SEGMENT, Output


def told(*texts: str) -> list[bool]:
    """Of each text whether it is progress after those before."""
    output, found = Output(), []
    for text in texts:
        output = output.after(text)
        found.append(output.progress)
    return found


def cut(text: str, places: list[int]) -> list[str]:
    """``text`` cut at these places."""
    bounds = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(bounds)]


PIECES = [
    "tick 1\n",
    "tick 2\n",
    "the same line\n",
    "\r⠋ Working (12s • esc to interrupt)",
    "\r⠙ Working (1m 3s • esc to interrupt)",
    "\x1b[2K\x1b[1G⠋ Working",
    "\x1b[",
    "\x1b]0;⠋ title",
    "\x07",
    "\x1b\\",
    "\x1b",
    "m",
    "K",
    "\r",
    "\n",
    "\r\n",
    "\r\r\n",
    " ",
    "word",
    "12",
    " min",
    "s ",
    "2030-01-02T03:04:05Z",
    "12:34",
    "|",
    "50%",
    "[##--] 50%\n",
    "\b",
    "x" * 700,
    "\x1b]" + "y" * 1100,
    "12 minutes ",
    "é",
    "\ud800",
    "\x1b[0;31m",
    "\x1b[3A",
    "line one\nline two\n",
]
STREAMS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=30).map("".join)


@settings(max_examples=150)
@given(STREAMS, st.lists(st.integers(0, 10**5), max_size=40), STREAMS)
@example("12min ", [3, 4, 5], "")
@example("same line\nsame line\n", [12, 15], "same line\n")
def test_how_the_output_is_cut_makes_no_difference(text: str, places: list[int], more: str) -> None:
    # After any beginning: the same verdict on what follows, and the same memory.
    begun = pieces = Output().after(more)
    whole = begun.after(text)
    found = False
    for piece in cut(text, places):
        pieces = pieces.after(piece)
        found = found or pieces.progress
    assert found == whole.progress
    assert pieces == whole


@pytest.mark.case(17, "DOC-REQ-001")
@pytest.mark.parametrize(
    "again",
    [
        "\r⠋ Working (12s • esc to interrupt)",
        "\r⠋ Working (1m 12s • esc to interrupt)\x1b[K",
        "Working (12s • esc to interrupt)\n",
        "the same line\n",
        "\x1b[2K\x1b[1A\x1b[2K\x1b[G⠋ Thinking 3s\n  esc to interrupt\n",
        "\x1b[1;1H⠋ Thinking 3s\x1b[2;1Htokens",
        "\rDownloading 10% [##   ]",
        "2030-01-02T03:04:05.123Z heartbeat\n",
    ],
)
def test_a_spinner_is_progress_once(again: str) -> None:
    # The last word of a segment is judged when it is known to be whole, so with the second frame at the latest.
    later = again.translate(str.maketrans("123⠋", "987⠙"))
    assert any(told(again, again))
    assert told(again, again, again, later, again + later)[2:] == [False] * 3


@pytest.mark.case(17, "DOC-REQ-001")
@pytest.mark.parametrize(
    "nothing",
    [
        "\x1b[?25l\x1b[2J\x1b[H",
        "\x1b]0;⠋ a title\x07",
        "⠋\r⠙\r",
        "|\b/\b-\b",
        "...",
        "\n\n",
        "12s\n",
        "00:12\n",
        "50%\n",
        "[####  ] 50%\n",
        "\r\n",
    ],
)
def test_control_sequences_spinners_times_and_bars_alone_are_no_progress(nothing: str) -> None:
    assert told(nothing, nothing, nothing * 3) == [False] * 3


def test_lines_with_something_new_are_progress() -> None:
    assert told("tick 1\n", "tick 2\n", "tick 3\r\n", "1\n", "2\n") == [True] * 5
    assert told("..... [ 10%]\n", "..... [ 20%]\n") == [True, True]
    assert told("\x1b[32mok\x1b[0m a\x1b[K\n", "\x1b[32mok\x1b[0m b\x1b[K\n") == [True, True]


def test_what_is_written_over_counts_when_its_words_are_new() -> None:
    assert told("\rBuilding a\r", "\rBuilding b\r", "\rBuilding b\r", "\rBuilding a\r") == [True, True, True, False]


def test_words_of_an_unfinished_line_count_once_they_are_whole() -> None:
    assert told("Thin", "king ", "...", "about ", "it", "\n") == [False, True, False, True, False, True]
    assert told("said before\n", "sai", "d bef", "ore", "\n") == [True, False, False, False, False]


def test_a_line_without_end_is_cut_and_needs_no_more_memory() -> None:
    output = Output()
    for _ in range(20):
        output = output.after("a" * 10_000)
    assert not output.progress
    for number in range(2000):
        output = output.after(
            f"{'x' * (number % 26)}{chr(97 + number % 26) * (number % 900)} {number}\n\rover {number}x" + "\x1b]" * 9
        )
    assert len(output.segment) <= LONGEST_SEGMENT and len(output.unfinished) < 1100
    assert len(output.words) <= 256 and len(output.lines) <= 64
    assert all(len(form) <= LONGEST_SEGMENT for form in (*output.words, *output.lines))


FLOODS = {
    "lines": "".join(f"line number {number} of a flood that goes on and on\n" for number in range(20_000)),
    "one line": "the same line\n" * 70_000,
    "spinner": "\r⠋ Working (12s • esc to interrupt)" * 25_000,
    "colours": "".join(f"\x1b[32mok\x1b[0m line {number}\n" for number in range(30_000)),
    "no line": "lorem ipsum " * 80_000,
    "returns": "\r" * 1_000_000,
    "sequences": "\x1b]" * 500_000,
    "digits": "1." * 500_000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_costs_little(flood: str) -> None:
    # A megabyte; on an idle machine some 20 ms for lines, and 400 ms for the worst of these.
    started, output = time.process_time(), Output()
    for start in range(0, len(flood), 65536):
        output = output.after(flood[start : start + 65536])
    assert time.process_time() - started < 2
