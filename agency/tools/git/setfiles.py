"""Making the files of a worktree those of another tree. Its HEAD, its branch and its index stay as they are, and so does every
file that git does not know."""

import os
from collections.abc import Iterator

from agency.tools.git.changes import changes_of_trees
from agency.tools.git.command import LONG, Git, git_failed
from agency.tools.git.snapshot import private_index

_MOVING = (b"not uptodate", b"Untracked working tree file", b"would be overwritten", b"would be removed")


class FilesMoving(Exception):
    """The worktree is no longer as it was just taken: somebody writes to it."""


def files_in_the_way(git: Git, *, current: str, target: str) -> list[str]:
    """What stands in the worktree, whose files are those of ``current``, where ``target`` has files, and no tree knows: ignored
    files, and those that were left out."""
    changes = changes_of_trees(git, current, target)
    gone = {change.path for change in changes if change.op in ("deleted", "retyped")}
    tree = git.tree or ""
    found: set[str] = set()
    for change in changes:
        if change.op == "added":
            found.update(_standing(tree, change.path, gone))
    return sorted(found)


def set_files(git: Git, admin_dir: str, *, current: str, target: str, scratch: str) -> None:
    """Make the files, which are those of ``current``, those of ``target``: all of them, or none when somebody writes to them.

    Killed in the middle, some are those of either. Raises FilesMoving, E_GIT_FAILED, E_DISK_FULL.
    """
    with private_index(git, admin_dir, scratch) as private:
        private.do("read-tree", "--reset", current, timeout=LONG)
        private.ask("update-index", "-q", "--refresh", timeout=LONG)
        words = ("read-tree", "-m", "-u", "--no-recurse-submodules", current, target)
        done = private.ask("-c", "core.sparseCheckout=false", *words, timeout=LONG)
    if done.code == 0:
        return
    if any(sign in done.err for sign in _MOVING):
        raise FilesMoving
    raise git_failed(words, done)


def unstage(git: Git) -> None:
    """Have nothing staged in the worktree that ``git`` stands in. Raises E_GIT_FAILED."""
    git.do("read-tree", "--reset", "HEAD", timeout=LONG)
    git.ask("update-index", "-q", "--refresh", timeout=LONG)


def _standing(tree: str, path: str, gone: set[str]) -> Iterator[str]:
    """What is in the way of a new file: something else in place of a directory above it, itself, or what is below it."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[:depth])
        place = f"{tree}/{above}"
        if os.path.islink(place) or not os.path.isdir(place):
            if os.path.lexists(place) and above not in gone:
                yield above
            return
    place = f"{tree}/{path}"
    if os.path.isdir(place) and not os.path.islink(place):
        for directory, directories, files in os.walk(place):
            links = [name for name in directories if os.path.islink(f"{directory}/{name}")]
            for name in (*files, *links):
                inner = os.path.relpath(f"{directory}/{name}", tree)
                if inner not in gone:
                    yield inner
    elif os.path.lexists(place):
        yield path
