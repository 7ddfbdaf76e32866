"""The steps out of a conflict, and what a runner is told."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.ids import RunId
from agency.domain.resolution import Card, request_to_runner

CARD = Card(
    run_id=RunId("20300101000000-abcd"),
    name="fix",
    pr=None,
    base="main",
    branch="agency/fix-abcd",
    worktree="/w",
    worktree_present=True,
    state="conflict",
    paths=("a.txt", "b c.txt"),
    into=None,
    alive=True,
    verifies=True,
)


def commands(card: Card) -> list[str]:
    """The commands of a card."""
    return [step.command for step in card.steps]


def test_a_conflict_is_opened_mended_verified_and_landed() -> None:
    assert commands(CARD) == [
        "agency resolve fix --start",
        "agency attach fix, or agency open fix",
        "agency shell fix",
        "git add -- a.txt 'b c.txt'",
        "git rebase --continue",
        "agency verify fix",
        "agency land fix",
    ]


def test_a_run_with_a_pull_request_goes_through_it() -> None:
    card = replace(CARD, pr="https://github.com/o/r/pull/1", base="origin/main")
    assert commands(card)[0] == "git fetch origin"
    assert commands(card)[-3:] == ["agency verify fix", "agency push fix --force-with-lease", "agency merge fix"]


def test_a_branch_that_was_named_stays_named() -> None:
    card = replace(CARD, pr="#1", base="odd branch", into="odd branch")
    assert commands(card)[0] == "agency resolve fix --into 'odd branch' --start"
    assert commands(card)[-1] == "agency land fix --into 'odd branch'"


def test_what_is_begun_is_not_begun_again() -> None:
    rebasing = replace(CARD, state="rebasing", alive=False, verifies=False)
    assert commands(rebasing) == [
        "agency resume fix, or agency open fix",
        "agency shell fix",
        "git add -- a.txt 'b c.txt'",
        "git rebase --continue",
        "agency land fix",
    ]


def test_without_a_conflict_there_is_only_the_last_step() -> None:
    assert commands(replace(CARD, state="clear", paths=(), verifies=False)) == ["agency land fix"]
    assert commands(replace(CARD, state="empty", paths=())) == ["agency clean fix"]


def test_a_missing_worktree_is_brought_back_first() -> None:
    assert commands(replace(CARD, worktree_present=False))[0] == "agency restore fix"


@pytest.mark.parametrize("state", ["clear", "empty", "conflict", "rebasing", "unknown"])
def test_every_state_has_a_next_step(state: str) -> None:
    assert commands(replace(CARD, state=state))  # type: ignore[arg-type]


@given(st.lists(st.text(min_size=1), max_size=20).map(tuple))
def test_what_a_runner_is_told_harms_nothing_even_in_a_shell(paths: tuple[str, ...]) -> None:
    text = request_to_runner("agency/fix-abcd", "origin/main", paths)
    assert re.fullmatch(r"agency: [A-Za-z0-9_./+=, -]+", text), text


def test_what_a_runner_is_told_names_the_branches_the_paths_and_what_to_type() -> None:
    text = request_to_runner("agency/fix-abcd", "main", ("src/a.py", "$(rm -rf x)", "b.py"))
    assert text == (
        "agency: agency/fix-abcd is being rebased on main and stopped at conflicts in src/a.py b.py and 1 more that git status "
        "names - please mend each file in the worktree, then type git add for it and after that "
        "GIT_EDITOR=true git rebase --continue until the rebase is done. git rebase --abort takes all of it back."
    )
