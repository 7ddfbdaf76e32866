"""Which version of an agent first had each of its flags that we use, and what an installed version therefore lacks."""

import re
from collections.abc import Iterable

from agency.domain.frozen import frozen

Version = tuple[int, int, int]


@frozen
class Flag:
    """A flag that ``since`` was the first version to have; ``without`` says what cannot be done where it lacks."""

    word: str
    since: Version
    without: str


def version_in(text: str) -> Version | None:
    """The first number of the form 1.2.3 in what a program says of its version; None when there is none."""
    found = re.search(r"(?<![\d.])(\d{1,9})\.(\d{1,9})\.(\d{1,9})", text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def lacking(flags: Iterable[Flag], version: Version | None) -> tuple[Flag, ...]:
    """The flags that ``version`` is known to lack: none of a version that is not known."""
    return tuple(flag for flag in flags if version is not None and version < flag.since)
