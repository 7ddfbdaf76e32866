"""What differs between two trees, file by file."""

import os
from dataclasses import dataclass

from agency.tools.git.command import LONG, Git

SUBMODULE = "160000"
"""The mode of a directory that is a repository of its own."""
_OPS = {"A": "added", "M": "modified", "D": "deleted", "T": "retyped"}


@dataclass(frozen=True, slots=True, kw_only=True)
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
    if before == after:
        return ()
    words = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", f"{before}^{{tree}}", f"{after}^{{tree}}")
    fields = git.do(*words, timeout=LONG).out.split(b"\0")[:-1]
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, mode, _, blob, letter = head.decode().removeprefix(":").split(" ")
        gone = letter == "D"
        found.append(
            FileChange(
                path=os.fsdecode(path),
                op=_OPS[letter],
                mode=None if gone else mode,
                blob=None if gone else blob,
                old_mode=None if letter == "A" else old_mode,
            )
        )
    return tuple(sorted(found, key=lambda change: os.fsencode(change.path)))
