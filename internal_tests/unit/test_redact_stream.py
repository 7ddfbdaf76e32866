"""Text that comes in pieces is masked as it would be whole."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agency.domain.redaction import Redactor
from agency.domain.redactstream import LONGEST_LINE, StreamRedactor
from internal_tests.support.secrets import FRAGMENTS, KNOWN, SECRET

R = Redactor(KNOWN)
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=3)), max_size=14).map("".join)


def pieces(text: str, places: list[int]) -> list[str]:
    """``text`` cut at ``places``, each taken within its length."""
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in pairwise(edges)]


def streamed(parts: list[str]) -> list[str]:
    """What comes out for each of ``parts``, and for the end."""
    stream = StreamRedactor(R)
    return [*map(stream.feed, parts), stream.flush()]


@pytest.mark.case(53, "DOC-REQ-012")
@example(f"-----BEGIN PRIVATE KEY-----\ns3cr\n{SECRET[4:]}s3cr\n{SECRET[4:]}", [])
@example("-----BEGIN PRIVATE KEY-----\ns3cr3t-Val\n", [])
@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=8))
def test_pieces_give_what_the_whole_gives(text: str, places: list[int]) -> None:
    out = "".join(streamed(pieces(text, places)))
    assert out == R.text(text)
    assert SECRET not in out


@given(TEXTS)
def test_single_characters_give_what_the_whole_gives(text: str) -> None:
    assert "".join(streamed(list(text))) == R.text(text)


@pytest.mark.case(53, "DOC-REQ-012")
@settings(max_examples=25)
@given(st.integers(0, 1 << 18), st.integers(1 << 10, 1 << 16), st.sampled_from(["a", "ab ", "x,", "Zm9v"]), TEXTS)
def test_a_secret_in_a_line_too_long_to_be_held_is_masked(before: int, step: int, filling: str, around: str) -> None:
    filler = (filling * (before // len(filling) + 1))[:before]
    text = f"{filler}{around.replace(chr(10), '')} {SECRET}{filler}"
    out = "".join(streamed([text[at : at + step] for at in range(0, len(text), step)]))
    assert SECRET not in out


def test_a_line_comes_out_once_it_has_ended() -> None:
    assert streamed(["one", " line\ntwo", "\n", "three"]) == ["", "one line\n", "two\n", "", "three"]


def test_a_line_that_may_begin_a_secret_waits_for_the_next() -> None:
    begin, rest = SECRET[:6], SECRET[6:]
    assert streamed([f"a\nb {begin}\n", f"{rest}\n"]) == ["a\n", "b [REDACTED]\n\n", ""]
    assert streamed([f"a\nb {begin}\n", "other\n"]) == ["a\n", f"b {begin}\nother\n", ""]
    assert streamed([f"b {begin}\n", "\n"]) == ["", f"b {begin}\n\n", ""]


def test_a_private_key_waits_for_its_end() -> None:
    begin, end = "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n"
    assert streamed(["a\n", begin, "MIIabc\n", f"{end}b\n"]) == ["a\n", "", "", "[REDACTED]\nb\n", ""]
    assert streamed([begin, "MIIabc\n", "it broke off\n"]) == ["", "", "[REDACTED]\nit broke off\n", ""]


@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "x ",
        SECRET,
        "sk-1aaaaaaaaaaaaaaaaaaaaaaaa",
        "-----BEGIN PRIVATE KEY-----\n",
        "MIIabc\n",
        "\n",
        SECRET[:6] + "\n",
    ],
)
def test_little_is_held_whatever_comes(piece: str) -> None:
    stream = StreamRedactor(R)
    stream.feed("-----BEGIN PRIVATE KEY-----\n" if piece.startswith("MII") else "")
    fed = given_out = 0
    for _ in range(64):
        part = (piece * (16384 // len(piece) + 1))[:16384]
        fed += len(part)
        given_out += len(stream.feed(part))
        assert len(stream._held) <= 2 * LONGEST_LINE
