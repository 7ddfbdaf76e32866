"""What a working tree holds beyond its commit, and where it stands."""

import os

from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git


@frozen
class TreeStatus:
    """``commit`` is None before the first one, ``branch`` None when HEAD is detached. ``changed`` are the paths with
    uncommitted changes, ``untracked`` those git does not know and does not ignore."""

    commit: str | None
    branch: str | None
    changed: tuple[str, ...]
    untracked: tuple[str, ...]

    @property
    def uncommitted(self) -> int:
        """How many paths hold uncommitted work."""
        return len(self.changed) + len(self.untracked)


def tree_status(git: Git) -> TreeStatus:
    """The status of the working tree that ``git`` stands in. Raises E_GIT_FAILED."""
    fields = git.do("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", timeout=LONG).out.split(
        b"\0"
    )
    commit: str | None = None
    branch: str | None = None
    changed: list[str] = []
    untracked: list[str] = []
    entries = iter(fields)
    for entry in entries:
        kind = entry[:2]
        if entry.startswith(b"# branch.oid "):
            oid = entry[13:].decode()
            commit = None if oid == "(initial)" else oid
        elif entry.startswith(b"# branch.head "):
            head = os.fsdecode(entry[14:])
            branch = None if head == "(detached)" else head
        elif kind == b"1 ":
            changed.append(os.fsdecode(entry.split(b" ", 8)[8]))
        elif kind == b"2 ":
            changed.append(os.fsdecode(entry.split(b" ", 9)[9]))
            next(entries, None)
        elif kind == b"u ":
            changed.append(os.fsdecode(entry.split(b" ", 10)[10]))
        elif kind == b"? ":
            untracked.append(os.fsdecode(entry[2:]))
    return TreeStatus(commit=commit, branch=branch, changed=tuple(changed), untracked=tuple(untracked))
