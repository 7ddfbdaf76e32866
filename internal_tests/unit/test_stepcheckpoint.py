"""The records of checkpoints, what a chain of them must be, and the names of their files."""

import json
import os
from dataclasses import replace
from hashlib import sha1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.checkpoint import commit_message, read_commit_message
from agency.domain.errors import AgencyError
from agency.domain.stepcheckpoint import (
    StepCheckpoint,
    StepFile,
    diff_hash,
    fault_in_chain,
    record_of_step,
    step_from_record,
)
from agency.store.jobfiles import inside
from agency.store.records import json_bytes

BASE = "b" * 40
_TEXT = st.text(min_size=1, max_size=20)
_PATH = st.binary(min_size=1, max_size=20).map(os.fsdecode)


def tree(name: object) -> str:
    """The id of a tree."""
    return sha1(repr(name).encode()).hexdigest()


def checkpoint(index: int, *, changed: bool = True) -> StepCheckpoint:
    """One of a whole chain."""
    before, after = tree(index), tree(index + 1)
    return StepCheckpoint(
        step_id=f"step-{index}",
        index=index,
        attempt=1,
        job_attempt=1,
        base_commit=BASE,
        before_tree=before,
        after_tree=after,
        head=BASE,
        diff_hash=diff_hash(before, after),
        files=(StepFile(path="a", op="added", mode="100644", blob="c" * 40),) if changed else (),
        summary=None,
        finished_at="2026-01-01T00:00:00.000Z",
        patch_sha256="d" * 64,
        patch_bytes=10,
        patch_format="binary-full-index",
        signature_version=1,
        contains_secret=False,
        left_out=(),
    )


CHAIN = {index: checkpoint(index) for index in range(4)}


def fault(chain: dict[int, StepCheckpoint], upto: int = 4) -> tuple[int, str] | None:
    """At which step the chain is not whole, and in what."""
    found = fault_in_chain(chain, upto=upto, base_commit=BASE, base_tree=tree(0))
    return (found.index, found.what) if found is not None else None


def test_a_whole_chain_has_no_fault_up_to_any_step() -> None:
    assert [fault(CHAIN, upto) for upto in range(5)] == [None] * 5
    assert fault({}, 0) is None


@given(
    index=st.integers(0, 3),
    field=st.sampled_from(["status", "base_commit", "before_tree", "after_tree", "diff_hash", "index"]),
)
def test_whatever_is_changed_in_a_chain_is_a_fault_at_that_step_or_the_next(index: int, field: str) -> None:
    value: object = 9 if field == "index" else "other"
    broken = {**CHAIN, index: replace(CHAIN[index], **{field: value})}  # type: ignore[arg-type]
    found = fault(broken)
    assert found is not None and found[0] == index
    assert fault(broken, upto=index) is None, "the steps before it are whole"


def test_a_missing_checkpoint_is_told() -> None:
    assert fault({index: one for index, one in CHAIN.items() if index != 2}) == (2, "the checkpoint")


@given(paths=st.lists(_PATH, max_size=4, unique=True), summary=st.none() | _TEXT, left_out=st.lists(_PATH, max_size=2))
def test_a_record_comes_back_as_it_was_whatever_bytes_its_paths_are_of(
    paths: list[str], summary: str | None, left_out: list[str]
) -> None:
    files = tuple(StepFile(path=path, op="deleted", mode=None, blob=None) for path in paths)
    one = replace(checkpoint(1), files=files, summary=summary, left_out=tuple(left_out))
    assert step_from_record(json.loads(json_bytes(record_of_step(one)))) == one


@given(key=st.sampled_from(sorted(record_of_step(checkpoint(0)))), value=st.sampled_from([None, -1, [], {}, "x", True]))
def test_a_record_with_something_else_in_it_is_refused_or_differs(key: str, value: object) -> None:
    record = record_of_step(checkpoint(0))
    if record[key] == value:
        return
    try:
        assert step_from_record({**record, key: value}) != checkpoint(0) or key in ("containsSecret", "leftOut")
    except ValueError as error:
        assert str(error)


def test_a_record_that_does_not_say_whether_it_holds_a_secret_counts_as_one_that_does() -> None:
    record = record_of_step(checkpoint(0))
    del record["containsSecret"]
    assert step_from_record(record).contains_secret


@given(reason=_TEXT, message=st.none() | st.text(max_size=60), left_out=st.lists(_PATH, max_size=3))
def test_what_a_checkpoint_is_told_to_be_comes_back_from_its_commit(
    reason: str, message: str | None, left_out: list[str]
) -> None:
    text = commit_message("job", reason=reason, message=message, left_out=tuple(left_out))
    assert read_commit_message(text + "\n") == (reason, message, tuple(left_out))


def test_a_commit_of_somebody_else_is_an_automatic_checkpoint() -> None:
    assert read_commit_message("anything\n\nAgency-Checkpoint: {broken") == ("unknown", None, ())


@given(name=st.lists(st.sampled_from(["a", "..", ".", "", "b.json"]), min_size=1, max_size=5).map("/".join))
def test_no_name_leads_out_of_the_directory_of_a_run(name: str) -> None:
    try:
        path = inside("/data/run", name)
    except AgencyError:
        return
    assert path.startswith("/data/run/") and ".." not in path.split("/")


@pytest.mark.parametrize("name", ["../x", "/abs", "a/../../x", "..", ""])
def test_names_that_would_are_refused(name: str) -> None:
    with pytest.raises(AgencyError):
        inside("/data/run", name)
