"""What an installed version of an agent lacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.runners.flags import Flag, lacking, version_in
from agency.runners.table import ADAPTERS

_FLAG = Flag(word="--session-id", since=(0, 41, 0), without="no id")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.1.197 (Claude Code)", (2, 1, 197)),
        ("codex-cli 0.169.0", (0, 169, 0)),
        ("0.61.0", (0, 61, 0)),
        ("v1.18.33-nightly.20261120", (1, 18, 33)),
        ("", None),
        ("unknown", None),
        ("1.2", None),
        ("9" * 5000 + ".1.1", None),
    ],
)
def test_the_version_is_found_in_what_programs_say(text: str, version: tuple[int, int, int] | None) -> None:
    assert version_in(text) == version


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert lacking((_FLAG,), version_in(text)) in ((), (_FLAG,))


def test_a_version_lacks_what_came_later_and_an_unknown_one_nothing() -> None:
    assert lacking((_FLAG,), (0, 40, 1)) == (_FLAG,)
    assert lacking((_FLAG,), (0, 41, 0)) == ()
    assert lacking((_FLAG,), None) == ()


def test_the_versions_that_the_adapters_were_made_with_lack_nothing() -> None:
    seen = {"claude": (2, 1, 197), "codex": (0, 169, 0), "gemini": (0, 61, 0), "opencode": (1, 18, 33)}
    for name, version in seen.items():
        assert lacking(ADAPTERS[name].flags, version) == ()
