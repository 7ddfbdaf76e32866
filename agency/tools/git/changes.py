"""What differs between two trees, file by file."""

import os
from collections.abc import Iterator, Sequence

from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git

SUBMODULE = "160000"
"""The mode of a directory that is a repository of its own."""
_OPS = {"A": "added", "M": "modified", "D": "deleted", "T": "retyped"}


@frozen
class FileChange:
    """A file that differs. ``op`` is added, modified, deleted or retyped (a file became a link, say); ``mode`` is as git writes
    it and ``blob`` the object of its content, both after the change and None where it was deleted. ``old_mode`` is the mode
    before, None where it was added."""

    path: str
    op: str
    mode: str | None
    blob: str | None
    old_mode: str | None

    @property
    def is_submodule(self) -> bool:
        """Whether it is, or was, a repository of its own."""
        return SUBMODULE in (self.mode, self.old_mode)


def changes_of_trees(git: Git, before: str, after: str) -> tuple[FileChange, ...]:
    """The files in which ``after`` differs from ``before``, by the bytes of their paths. Raises E_GIT_FAILED."""
    return changes_of_pairs(git, [(before, after)])[0]


def changes_of_pairs(git: Git, pairs: Sequence[tuple[str, str]]) -> list[tuple[FileChange, ...]]:
    """The same for many pairs of the ids of trees, in one process."""
    wanted = list(dict.fromkeys((before, after) for before, after in pairs if before != after))
    found: dict[tuple[str, str], tuple[FileChange, ...]] = {}
    if wanted:
        words = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev")
        lines = "".join(f"{before} {after}\n" for before, after in wanted)
        out = git.do(*words, stdin=lines.encode(), timeout=LONG).out
        found = dict(zip(wanted, _parsed(out), strict=True))
    return [found.get((before, after), ()) for before, after in pairs]


def _parsed(out: bytes) -> Iterator[tuple[FileChange, ...]]:
    """What git told of each pair: a line with the two trees, then a head that begins with a colon and a path for each file."""
    at = out.find(b"\n") + 1
    while at:
        changes: list[FileChange] = []
        while out[at : at + 1] == b":":
            head, path = _two(out, at)
            at += len(head) + len(path) + 2
            changes.append(_change(head.decode(), os.fsdecode(path)))
        yield tuple(sorted(changes, key=lambda change: os.fsencode(change.path)))
        at = out.find(b"\n", at) + 1


def _two(out: bytes, at: int) -> tuple[bytes, bytes]:
    """The two texts at a place, each of which ends with a NUL."""
    middle = out.index(b"\0", at)
    return out[at:middle], out[middle + 1 : out.index(b"\0", middle + 1)]


def _change(head: str, path: str) -> FileChange:
    old_mode, mode, _, blob, letter = head.removeprefix(":").split(" ")
    gone = letter == "D"
    return FileChange(
        path=path,
        op=_OPS[letter],
        mode=None if gone else mode,
        blob=None if gone else blob,
        old_mode=None if letter == "A" else old_mode,
    )
