"""The title and text of a pull request that agency writes itself. They change only when the work or its proof does."""

import re
from collections.abc import Sequence

MOST_COMMITS = 10
MOST_FILES = 20
LONGEST = 65_000
"""Characters; GitHub takes 65,536."""
_LONGEST_TITLE = 250


def title_of(subjects: Sequence[str], name: str) -> str:
    """The title of a pull request: what its only commit says, else the name of the run."""
    only = subjects[0].strip() if len(subjects) == 1 else ""
    return (only or name)[:_LONGEST_TITLE]


def generated_body(*, subjects: Sequence[str], stat: str, files: Sequence[tuple[str, str]], verify: str) -> str:
    """A text made from the commits (their first lines, oldest first), how much changed, which files (git's letter and the path)
    and what the last verify found."""
    commits = [f"- {subject or '(no message)'}" for subject in subjects[:MOST_COMMITS]]
    changed = [f"- {letter} {_code(path)}" for letter, path in files[:MOST_FILES]]
    parts = [
        "## Commits",
        "\n".join([*commits, *_rest(len(subjects), MOST_COMMITS, "commit")]),
        "## Changes",
        stat or "no file changed",
        "\n".join([*changed, *_rest(len(files), MOST_FILES, "file")]),
        "## Verify",
        verify,
    ]
    return within_limit("\n\n".join(part for part in parts if part) + "\n")


def within_limit(text: str) -> str:
    """``text``, cut where GitHub would refuse it."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n\n(cut here: it is {len(text)} characters long)\n"


def _rest(count: int, most: int, what: str) -> list[str]:
    more = count - most
    return [f"- and {more} more {what}{'' if more == 1 else 's'}"] if more > 0 else []


def _code(path: str) -> str:
    """``path`` so that nothing in it is taken for markup."""
    fence = "`" * (max((len(run) for run in re.findall("`+", path)), default=0) + 1)
    space = " " if "`" in path else ""
    return f"{fence}{space}{path}{space}{fence}"
