"""The title and text of a pull request that agency writes itself."""

import re

from hypothesis import given
from hypothesis import strategies as st

from agency.domain.prbody import LONGEST, generated_body, title_of, within_limit


def body(
    subjects: list[str], files: list[tuple[str, str]] | None = None, *, stat: str = "", verify: str = "not run"
) -> str:
    """A generated text."""
    return generated_body(subjects=subjects, stat=stat, files=files or [], verify=verify)


def test_the_only_commit_gives_the_title() -> None:
    assert title_of(["Add a login page"], "login") == "Add a login page"


def test_several_commits_or_one_without_a_message_take_the_name_of_the_run() -> None:
    assert title_of(["one", "two"], "login") == "login"
    assert title_of([" "], "login") == "login"
    assert title_of([], "login") == "login"


def test_a_title_is_no_longer_than_github_takes() -> None:
    assert len(title_of(["x" * 1000], "login")) <= 256


def test_everything_has_its_place() -> None:
    text = body(["one", ""], [("A", "new.txt"), ("D", "old.txt")], stat="2 files changed", verify="ok")
    assert text == (
        "## Commits\n\n- one\n- (no message)\n\n"
        "## Changes\n\n2 files changed\n\n- A `new.txt`\n- D `old.txt`\n\n"
        "## Verify\n\nok\n"
    )


def test_what_is_not_listed_is_counted() -> None:
    text = body([f"c{number}" for number in range(11)], [("M", f"f{number}") for number in range(25)])
    assert text.count("- c") == 10 and "- and 1 more commit\n" in text
    assert text.count("- M `") == 20 and "- and 5 more files\n" in text


def test_commits_that_change_nothing_are_told_so() -> None:
    assert "## Changes\n\nno file changed\n" in body(["empty"])


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1))
def test_a_path_is_shown_as_it_is_and_never_as_markup(path: str) -> None:
    line = next(line for line in body(["x"], [("M", path)]).split("\n") if line.startswith("- M "))
    match = re.fullmatch(r"- M (`+)(.*?)\1", line, re.DOTALL)
    assert match is not None
    inner = match.group(2)
    assert inner == (f" {path} " if "`" in path else path)
    assert match.group(1) not in inner


@given(st.text(max_size=2 * LONGEST))
def test_no_text_is_longer_than_github_takes(text: str) -> None:
    assert len(within_limit(text)) <= 65_536


def test_a_text_that_is_too_long_says_that_it_was_cut() -> None:
    cut = within_limit("x" * 70_000)
    assert len(cut) < 65_536 and "cut here: it is 70000 characters long" in cut
    assert within_limit("x" * LONGEST) == "x" * LONGEST
