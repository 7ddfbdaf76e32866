"""From ``meta.json`` to a run: what makes a record usable, and that no content is too odd to be told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.ids import RepoId, RunId
from agency.domain.launch import Launch, launch_from_record, record_of_launch
from agency.domain.run import RecordInvalid, Run, run_from_record

RUN_ID, REPO_ID = RunId("20240102030405-ab12"), RepoId("0" * 16)
WHOLE: dict[str, Any] = {
    "schema_version": "1.0",
    "name": "fix-login",
    "runner": "claude",
    "parent_branch": "main",
    "created_at": "2024-01-02T03:04:05.678Z",
}


def load(record: object) -> Run:
    """The run of a record that stands where a present one does."""
    return run_from_record(
        record, run_id=RUN_ID, repo_id=REPO_ID, directory="/data/runs/x", worktree="/data/worktrees/x", archived=False
    )


def test_a_whole_record() -> None:
    run = load({**WHOLE, "branch": "agency/old-name-ab12", "runner_args": ["--model", "x"], "base_commit": "abc"})
    assert (run.name, run.branch, run.runner_args) == ("fix-login", "agency/old-name-ab12", ("--model", "x"))
    assert (run.run_id, run.worktree, run.session_name) == (RUN_ID, "/data/worktrees/x", f"agency_{RUN_ID}")
    assert not (run.setup_failed or run.abandoned or run.archived)


def test_what_may_be_left_out_follows_from_the_rest() -> None:
    run = load(WHOLE)
    assert (run.branch, run.runner_args, run.base_commit) == ("agency/fix-login-ab12", (), "")


def test_fields_of_a_later_version_are_no_hindrance() -> None:
    assert load({**WHOLE, "schema_version": "1.7", "new_field": {"a": 1}}).name == "fix-login"


@pytest.mark.parametrize("key", sorted(WHOLE))
def test_what_must_be_there(key: str) -> None:
    odd: list[object] = [None, "", 5, [], {}]
    for value in odd:
        with pytest.raises(RecordInvalid, match=key):
            load({**WHOLE, key: value})
    with pytest.raises(RecordInvalid, match=key):
        load({name: value for name, value in WHOLE.items() if name != key})


def test_a_record_of_a_newer_agency_is_told_as_such() -> None:
    with pytest.raises(RecordInvalid, match=r"schema version 2\.0, made by a newer agency"):
        load({**WHOLE, "schema_version": "2.0"})


@pytest.mark.parametrize("record", [None, [], "text", 5, True])
def test_what_is_no_object(record: object) -> None:
    with pytest.raises(RecordInvalid, match="not a JSON object"):
        load(record)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = [*WHOLE, "branch", "runner_args", "base_commit", "repo_root", "git_dir", "flags", "archive"]


@given(st.dictionaries(st.sampled_from(fields), json_values) | json_values)
def test_odd_fields_give_a_run_or_a_plain_reason(record: object) -> None:
    candidates = [record, {**WHOLE, **record}] if isinstance(record, dict) else [record]
    for candidate in candidates:
        try:
            run = load(candidate)
        except RecordInvalid as error:
            assert str(error).startswith("meta.json ")
        else:
            assert all(isinstance(arg, str) for arg in run.runner_args)


launches = st.builds(
    Launch,
    number=st.integers(1),
    socket=st.text(),
    runner=st.text(),
    started_at=st.text(),
    epoch=st.floats(0, 1e10),
    grace=st.floats(0, 100),
    boot_id=st.text(),
    server_pid=st.none() | st.integers(1),
    server_started=st.none() | st.text(),
    pane_id=st.none() | st.text(),
    pane_pid=st.none() | st.integers(1),
    pane_started=st.none() | st.text(),
)


@given(launches)
def test_a_launch_comes_back_from_its_record(launch: Launch) -> None:
    assert launch_from_record(record_of_launch(launch)) == launch
