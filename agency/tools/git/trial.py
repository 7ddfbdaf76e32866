"""Merging on trial: what git could not combine, without a worktree, an index, a ref or an object in the user's repository."""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.tools.git.command import LONG, Git, git_failed
from agency.tools.git.discover import common_dir_of, discover

GIT_AT_LEAST = (2, 39)
"""The git that first could do many merges without a worktree."""
_MEMORY = "/dev/shm"
"""Where Linux keeps files in memory: a merge writes a few small ones, which can take a disk longer than all the rest."""
_PREFIX = "agency-trial-"
_FORGOTTEN_AFTER = 3600.0
_AT_ONCE = 4
_WORTH_A_PROCESS = 8
"""So many merges take longer than the start of a git."""
_NOT_UNDERSTOOD = 129


def trial_merge(git: Git, ours: str, theirs: str) -> tuple[str, ...]:
    """The paths that git could not combine if the commits ``ours`` and ``theirs`` were merged; empty when it could.

    Raises E_GIT_TOO_OLD, E_GIT_FAILED.
    """
    return trial_merges(git, [(ours, theirs)])[0]


def trial_merges(git: Git, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """The same for many pairs of commits, in few processes. Raises E_GIT_TOO_OLD, E_GIT_FAILED, E_DISK_FULL."""
    in_memory = _MEMORY if "TMPDIR" not in git.environ and os.access(_MEMORY, os.W_OK) else None
    try:
        return _merged(git, pairs, in_memory)
    except AgencyError as error:
        if error.code != "E_DISK_FULL" or in_memory is None:
            raise
    return _merged(git, pairs, None)


def _merged(git: Git, pairs: Sequence[tuple[str, str]], scratch: str | None) -> list[tuple[str, ...]]:
    if not pairs:
        return []
    with _objects_aside(git, scratch) as aside:
        workers = min(_AT_ONCE, os.cpu_count() or 1, 1 + len(pairs) // _WORTH_A_PROCESS)
        if workers == 1:
            return _merge_all(aside, pairs)
        from concurrent.futures import ThreadPoolExecutor

        shares = [pairs[number::workers] for number in range(workers)]
        with ThreadPoolExecutor(workers) as pool:
            merged = list(pool.map(lambda share: _merge_all(aside, share), shares))
        return [merged[number % workers][number // workers] for number in range(len(pairs))]


@contextmanager
def _objects_aside(git: Git, scratch: str | None) -> Iterator[Git]:
    """``git`` such that it reads the objects of the repository and writes new ones into a directory that goes at the end. It is
    made in ``scratch`` (None: where the system has temporary files)."""
    place = discover(git.tree) if git.tree is not None else None
    common = place.common_dir if place is not None else common_dir_of(git.git_dir or "")
    try:
        if scratch is not None:
            _sweep(scratch)
        aside = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=scratch, ignore_cleanup_errors=True)
    except OSError as error:
        raise AgencyError(
            "E_DISK_FULL" if error.errno == errno.ENOSPC else "E_GIT_FAILED",
            f"there is no place for the objects of a trial merge: {error.strerror}",
            hint="set TMPDIR to a directory with space",
        ) from error
    with aside as objects:
        variables = {
            "GIT_OBJECT_DIRECTORY": objects,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(f"{common}/objects"),
        }
        yield replace(git, variables={**git.variables, **variables})


def _sweep(scratch: str) -> None:
    """Remove what killed commands of this user left in memory, where nobody else tidies up."""
    limit = time.time() - _FORGOTTEN_AFTER
    with os.scandir(scratch) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                if found.st_uid == os.getuid() and found.st_mtime < limit:
                    shutil.rmtree(entry.path, ignore_errors=True)


def _quoted(path: str) -> str:
    """A path as git reads it in a list that colons separate."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _merge_all(git: Git, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    words = ("merge-tree", "--write-tree", "--stdin", "--allow-unrelated-histories", "--name-only", "-z")
    lines = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs)
    done = git.ask(*words, stdin=os.fsencode(lines), timeout=LONG)
    if done.code == _NOT_UNDERSTOOD:
        raise _too_old(git)
    if done.code != 0:
        raise git_failed(words, done)
    fields = (os.fsdecode(field) for field in done.out.split(b"\0"))
    return [tuple(dict.fromkeys(_plain(path, sides) for path in _conflicted(fields))) for sides in pairs]


def _conflicted(fields: Iterator[str]) -> list[str]:
    """The conflicted paths of one merge: it tells whether it was clean, its tree, conflicted paths up to an empty field, and
    then, if it was not, messages: a count, so many paths, a kind and a text, up to another empty field.

    Where no file is in conflict (a directory was moved to several places) the messages tell of what the conflict is.
    """
    clean = next(fields) == "1"
    next(fields)
    paths = list(iter(fields.__next__, ""))
    told: list[str] = []
    while not clean and (count := next(fields)):
        named = [next(fields) for _ in range(int(count))]
        told += named if next(fields).startswith("CONFLICT") else []
        next(fields)
    return paths or told


def _plain(path: str, sides: tuple[str, str]) -> str:
    """The path without what git adds to that of a file where the other side has a directory: which side it is of."""
    for side in sides:
        before, mark, after = path.partition(f"~{side.replace('/', '_')}")
        if mark and (not after or after[1:].isdecimal()):
            return before
    return path


def _too_old(git: Git) -> AgencyError:
    wanted = ".".join(str(number) for number in GIT_AT_LEAST)
    return AgencyError(
        "E_GIT_TOO_OLD",
        f"{git.ask('version').text or 'this git'} cannot merge on trial, which needs git {wanted} or newer",
        hint="update git, then: agency doctor",
    )
