"""What a git that was killed leaves in a repository, where it stops every later one: lock files, and half-made entries of
worktrees. Both are removed only where the git that made them is dead. Hold the repo lock: then no git of ours is at work."""

import os
import shutil
import time
from collections.abc import Sequence

from agency.domain.ids import is_run_id
from agency.tools.git.worktree import aside

_SETTLED = 1.0
"""Seconds after which a lock file counts as forgotten, if nobody is at work. Git holds one for milliseconds."""
_PATIENCE = 4.0
"""Seconds that a lock file is waited for while a git is at work that may hold it."""
_POLL = 0.02


def clear_leftovers(git_dir: str, *, refs: Sequence[str], worktrees: str) -> None:
    """Remove forgotten lock files of ``refs`` and of the packed refs, and half-made entries of worktrees of runs, all of which
    are in the directory ``worktrees``."""
    for ref in ("packed-refs", *refs):
        clear_lock(f"{git_dir}/{ref}.lock", git_dir=git_dir, places=(worktrees,))
    entries = f"{git_dir}/worktrees"
    for name in os.listdir(entries) if os.path.isdir(entries) else []:
        if is_run_id(name.partition(".")[0]) and _is_half_made(f"{entries}/{name}"):
            gone = aside(git_dir, "gone")
            os.rename(f"{entries}/{name}", gone)
            shutil.rmtree(gone)


def clear_lock(path: str, *, git_dir: str, places: Sequence[str]) -> None:
    """Remove a lock file that a killed git left. ``places`` are where, besides in the repository of ``git_dir``, a git may stand
    that holds it."""
    main = os.path.dirname(git_dir) if os.path.basename(git_dir) == ".git" else git_dir
    if os.path.lexists(path) and _is_forgotten(path, (main, *places)):
        os.unlink(path)


def _is_half_made(entry: str) -> bool:
    """Whether git began the entry and never finished: it marks it while it is at work, and then says where the tree is."""
    try:
        with open(f"{entry}/locked", "rb") as file:
            marked = file.read().strip() == b"initializing"
    except FileNotFoundError:
        marked = False
    return marked or not os.path.exists(f"{entry}/gitdir")


def _is_forgotten(path: str, places: Sequence[str]) -> bool:
    """Whether a lock file is there to stay. Waits for one that is young, and for the end of a git that may hold it: a killed one
    can take a moment to go."""
    begun = time.monotonic()
    real = [os.path.realpath(place) for place in places]
    while True:
        try:
            made = os.stat(path).st_mtime
        except FileNotFoundError:
            return False
        waited = time.monotonic() - begun
        settled = time.time() - made >= _SETTLED or waited >= _SETTLED
        if settled and not _git_at_work(made, real):
            return True
        if waited >= _PATIENCE:
            return False
        time.sleep(_POLL)


def _git_at_work(since: float, places: Sequence[str]) -> bool:
    """Whether a git that was there at ``since`` lives and stands in the repository (``places``), or where cannot be told."""
    import psutil

    for pid in psutil.pids():  # psutil.process_iter() would give what it remembers of an earlier process with that pid
        try:
            process = psutil.Process(pid)
            if not process.name().startswith("git") or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.create_time() > since + _SETTLED:
                continue
            here = f"{os.path.realpath(process.cwd())}/"
            if any(here.startswith(f"{place}/") for place in places):
                return True
        except psutil.NoSuchProcess:
            continue
        except psutil.Error:
            return True
    return False
