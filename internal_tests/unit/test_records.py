"""Records: replaced as a whole or not at all, and patched without losing what the patch does not name."""

import json
import multiprocessing
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.errors import AgencyError
from agency.store.records import merge, patch_record, read_record, write_file, write_record
from internal_tests.support.limits import no_file_grows_beyond


def test_a_record_is_json_that_only_its_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    write_record(str(path), {"name": "grüße", "flags": {}})
    assert json.loads(path.read_text(encoding="utf-8")) == {"name": "grüße", "flags": {}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().endswith(b"}\n")
    assert read_record(str(path)) == {"name": "grüße", "flags": {}}


def test_writing_leaves_no_other_file(tmp_path: Path) -> None:
    for durable in (True, False):
        write_file(str(tmp_path / "file"), b"x", durable=durable)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_record_that_is_not_there_is_told_apart_from_one_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_record(str(tmp_path / "nothing"))
    for content in (b"", b"{", b"\xff\xfe", b"\x00"):
        (tmp_path / "odd").write_bytes(content)
        with pytest.raises(ValueError, match=r".*"):
            read_record(str(tmp_path / "odd"))


@pytest.mark.parametrize("room", [0, 1, 1000])
def test_a_full_disk_leaves_the_old_record_and_nothing_else(tmp_path: Path, room: int) -> None:
    path = tmp_path / "meta.json"
    write_record(str(path), {"old": True})
    with no_file_grows_beyond(room), pytest.raises(AgencyError) as failure:
        write_record(str(path), {"new": "x" * 2000})
    assert failure.value.code in {"E_DISK_FULL", "E_STORE_FAILED"}
    assert read_record(str(path)) == {"old": True}
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_is_gone_is_told_with_the_path(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "meta.json")
    with pytest.raises(AgencyError) as failure:
        write_record(path, {})
    assert failure.value.code == "E_STORE_FAILED"
    assert str(tmp_path / "nowhere") in str(failure.value.details["path"])


def write_versions(path: str, count: int) -> None:
    """Replace a record again and again from another process."""
    for number in range(count):
        write_record(path, {"number": number, "filling": str(number % 10) * 50_000})


def test_a_reader_never_sees_half_a_record(tmp_path: Path) -> None:
    path = str(tmp_path / "meta.json")
    write_versions(path, 1)
    writer = multiprocessing.get_context("spawn").Process(target=write_versions, args=(path, 300))
    writer.start()
    seen = set()
    while writer.is_alive():
        record = read_record(path)
        assert record["filling"] == str(record["number"] % 10) * 50_000
        seen.add(record["number"])
    writer.join()
    assert writer.exitcode == 0
    assert read_record(path)["number"] == 299


def test_a_patch_keeps_every_field_it_does_not_name(tmp_path: Path) -> None:
    path = str(tmp_path / "meta.json")
    write_record(path, {"name": "one", "from_the_future": {"a": [1]}, "flags": {"x": True, "y": True}})
    patch_record(path, {"name": "two", "flags": {"x": None, "z": 1}})
    assert read_record(path) == {"name": "two", "from_the_future": {"a": [1]}, "flags": {"y": True, "z": 1}}


RFC_7396: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("record", "patch", "expected"), RFC_7396)
def test_the_examples_of_the_standard(record: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]) -> None:
    before = json.dumps(record)
    assert merge(record, patch) == expected
    assert json.dumps(record) == before


keys = st.sampled_from(["a", "b", "c"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(keys, values, max_size=3)


@given(records, records)
def test_patching_twice_is_patching_once(record: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge(record, patch)
    assert merge(once, patch) == once


@given(records, records)
def test_fields_outside_the_patch_are_as_they_were(record: dict[str, Any], patch: dict[str, Any]) -> None:
    merged = merge(record, patch)
    assert {key: merged[key] for key in record if key not in patch} == {
        k: v for k, v in record.items() if k not in patch
    }
    assert all((key in merged) is (value is not None) for key, value in patch.items())
