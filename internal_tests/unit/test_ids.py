"""The forms of identifiers and how one follows from another."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.ids import (
    NAME_MAX,
    RunId,
    branch_of,
    is_run_id,
    is_run_id_prefix,
    is_valid_name,
    make_run_id,
    name_from_text,
    run_of_session,
    session_of,
)

run_ids = st.from_regex(r"[0-9]{14}-[0-9a-f]{4}", fullmatch=True).map(RunId)
valid_names = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True).filter(
    lambda name: len(name) > 1
)


@pytest.mark.parametrize("name", ["ab", "fix-login", "a1", "a-b-c", "a-1", "x" * 40, "run-0102-0304"])
def test_names_that_are_valid(name: str) -> None:
    assert is_valid_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "x" * 41,
        "Fix",
        "1a",
        "-a",
        "a-",
        "a--b",
        "a_b",
        "a b",
        "a.b",
        "a/b",
        "ä-b",
        "ab\n",
        "agency:x",
        "a\x00b",
    ],
)
def test_names_that_are_not(name: str) -> None:
    assert not is_valid_name(name)


@given(st.text(max_size=50))
def test_a_valid_name_can_be_a_file_a_branch_and_a_word_of_a_command(name: str) -> None:
    if is_valid_name(name):
        assert name.isascii()
        assert name == name.lower().strip()
        assert not name.startswith("-")
        assert not set(name) & set("/.:~^?*[\\ \t\n'\"$")


@pytest.mark.parametrize("name", ["ab", "fix-login", "head", "x" * 40])
def test_git_accepts_the_branch_of_a_run(name: str) -> None:
    branch = branch_of(name, RunId("20240102030405-ab12"))
    assert branch == f"agency/{name}-ab12"
    subprocess.run(["git", "check-ref-format", "--branch", branch], check=True, capture_output=True)


@given(run_ids)
def test_a_run_id_is_one_and_so_is_each_longer_beginning(run_id: RunId) -> None:
    assert is_run_id(run_id)
    assert make_run_id(*run_id.split("-")) == run_id
    for length in range(len(run_id) + 1):
        assert is_run_id_prefix(run_id[:length]) is (length >= 4)


@pytest.mark.parametrize(
    "text",
    ["", "20240102030405", "20240102030405-", "20240102030405-AB12", "20240102030405-ab123", "2024010203040-ab12",
     " 20240102030405-ab12", "20240102030405-ab12\n", "\uff120240102030405-ab12", "20240102030405_ab12", "../../etc"],
)  # fmt: skip
def test_what_is_no_run_id(text: str) -> None:
    assert not is_run_id(text)


@pytest.mark.parametrize("text", ["", "202", "abcd", "fix-login", "2024-ab", "20240102030405-abcde", "2024 ", "*"])
def test_what_begins_no_run_id(text: str) -> None:
    assert not is_run_id_prefix(text)


@pytest.mark.parametrize(("seconds", "random"), [("2024", "ab12"), ("20240102030405", "AB12"), ("20240102030405", "")])
def test_a_run_id_is_not_made_from_other_parts(seconds: str, random: str) -> None:
    with pytest.raises(ValueError, match="not a run id"):
        make_run_id(seconds, random)


@given(run_ids)
def test_a_session_tells_its_run(run_id: RunId) -> None:
    assert run_of_session(session_of(run_id)) == run_id
    assert not set(session_of(run_id)) & set(".:=$@%")


@given(st.text(max_size=30) | run_ids.map(lambda run_id: f"agency_{run_id}x"))
def test_other_sessions_belong_to_no_run(name: str) -> None:
    run_id = run_of_session(name)
    assert run_id is None or session_of(run_id) == name


@given(st.text(max_size=200))
def test_a_name_made_from_a_text_is_valid_or_none(text: str) -> None:
    name = name_from_text(text)
    assert name is None or (is_valid_name(name) and len(name) <= NAME_MAX - 8)


@given(valid_names, st.text(alphabet=" \n\t.,:;!?/", min_size=1, max_size=3))
def test_a_name_made_from_a_text_keeps_its_first_words(name: str, gap: str) -> None:
    words = name.split("-")
    made = name_from_text(gap.join(words))
    assert made is not None or len(words[0]) < 2
    assert made is None or name.startswith(made)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Fix the login form!", "fix-the-login-form"),
        ("  42 times: mend IT ", "times-mend-it"),
        ("one two three four five six seven", "one-two-three-four-five-six"),
        ("日本語", None),
        ("", None),
        ("x", None),
        ("internationalisation of the whole product", "internationalisation-of-the"),
    ],
)
def test_names_made_from_texts(text: str, name: str | None) -> None:
    assert name_from_text(text) == name
