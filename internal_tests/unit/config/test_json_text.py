"""JSON files: what is refused, and the lines that errors name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.config.document import KeyPath, value_at
from agency.config.json_text import parse_json
from agency.domain.errors import AgencyError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@pytest.fixture
def refuse(repo: Path, refusal: Callable[[], AgencyError]) -> Callable[[str], AgencyError]:
    """The error for a repo's agency.json of the given text."""

    def write_and_refuse(text: str) -> AgencyError:
        (repo / "agency.json").write_text(text)
        return refusal()

    return write_and_refuse


Refuse = Callable[[str], AgencyError]


def test_broken_json_is_refused_at_its_line(refuse: Refuse) -> None:
    error = refuse('{\n  "version": 1,\n}')
    assert "not valid JSON" in error.message
    assert error.details["line"] in (2, 3)


def test_an_empty_file_is_refused(refuse: Refuse) -> None:
    assert "not valid JSON" in refuse("").message


def test_yaml_in_a_json_file_is_refused(refuse: Refuse) -> None:
    assert "not valid JSON" in refuse("version: 1\n").message


def test_a_key_written_twice_is_refused_at_its_second_line(refuse: Refuse) -> None:
    error = refuse('{"version": 1,\n "defaults": {"runner": "a",\n\n "runner": "b"}}')
    assert (error.details["key"], error.details["line"]) == ("defaults.runner", 4)


def test_a_wrong_value_is_refused_at_the_line_of_its_key(refuse: Refuse) -> None:
    error = refuse('{"version": 1,\n\t"worktree": {\n\t\t"copy": [\n"a", "b",\n"../c"]}}')
    assert (error.details["key"], error.details["line"]) == ("worktree.copy[2]", 5)


def test_deep_nesting_is_refused(refuse: Refuse) -> None:
    assert "nested too deeply" in refuse("[" * 100_000).message


def test_an_endless_number_is_refused(refuse: Refuse) -> None:
    assert "too long" in refuse('{"version": ' + "1" * 5000 + "}").message


def test_half_of_a_surrogate_pair_is_refused(refuse: Refuse) -> None:
    assert refuse('{"version": 1, "defaults": {"runner": "\\ud800"}}').details["key"] == "defaults.runner"


def paths_of(value: object, path: KeyPath = ()) -> list[KeyPath]:
    paths = [path]
    if isinstance(value, dict):
        for key, inner in value.items():
            paths += paths_of(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            paths += paths_of(inner, (*path, position))
    return paths


@given(JSON, st.booleans())
def test_every_key_and_item_is_found_on_the_line_it_is_written_on(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, indent="\t", ensure_ascii=ascii_only)
    document = parse_json(text, "agency.json")
    assert document.value == value
    lines = text.split("\n")
    for path in paths_of(value):
        line = lines[document.line_of(path) - 1].strip()
        if path and isinstance(path[-1], str):
            assert line.startswith(json.dumps(path[-1], ensure_ascii=ascii_only) + ":")
        else:
            assert line.startswith(json.dumps(value_at(value, path), ensure_ascii=ascii_only)[0])
