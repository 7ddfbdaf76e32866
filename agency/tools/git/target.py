"""Moving a branch to a commit that was made elsewhere, together with the checkout that stands on it, where there is one.

The branch moves by compare-and-swap. A checkout goes first, so that what a kill leaves between the two is a checkout that has
the new files staged, which :func:`is_half_moved` knows and :func:`finish_move` finishes; the other way round the user's next
commit would take the new files back.
"""

import os
import shlex
import time

from agency.domain.errors import AgencyError
from agency.tools.git.combine import conflicts_in
from agency.tools.git.command import LONG, Git, git_failed
from agency.tools.git.discover import discover
from agency.tools.git.status import tree_status
from agency.tools.git.worktree import list_checkouts, resolve

UNDER_WAY = ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG")
"""What git keeps about a worktree while it is in the middle of something there."""
_PATIENCE = 3.0
_POLL = 0.05


def checkouts_of(git: Git, branch: str) -> list[str]:
    """The directories of the checkouts that stand on ``branch``, or are in the middle of rebasing it."""
    places = []
    for checkout in list_checkouts(git):
        if checkout.branch == branch or _rebases(checkout.path, branch):
            places.append(checkout.path)
    return places


def unclean(git: Git) -> str | None:
    """Why the checkout that ``git`` stands in cannot be moved along: what it holds or is in the middle of; None when it can.
    Files that git does not know are left alone and do not count."""
    place = discover(git.tree or "")
    if place is None:
        return "git does not work there"
    for name in UNDER_WAY:
        if os.path.lexists(f"{place.git_dir}/{name}"):
            return f"git is in the middle of something there ({name})"
    changed = tree_status(git).changed
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        return f"{len(changed)} uncommitted file{'' if len(changed) == 1 else 's'} ({shown})"
    return None


def move_branch(git: Git, branch: str, *, old: str, new: str, why: str) -> bool:
    """Move ``branch`` from ``old`` to ``new``; False when it is elsewhere by now.

    ``git`` stands in the checkout that is on it, or in the repository when none is. Hold the repo lock. Raises E_TARGET_DIRTY
    when the checkout cannot take the new files, and leaves it as it was.
    """
    if git.tree is not None:
        _take(git, old, new)
    if _swap(git, branch, old=old, new=new, why=why):
        return True
    if git.tree is not None:
        git.do("read-tree", "-m", "-u", new, old, timeout=LONG)
    return False


def require_takes(git: Git, old: str, new: str) -> None:
    """Raise E_TARGET_DIRTY when the checkout cannot take the new files, as when files that git does not know are in their way.
    Changes nothing."""
    _take(git, old, new, "--dry-run")


def _take(git: Git, old: str, new: str, *options: str) -> None:
    """Change the files of the checkout from ``old`` to ``new``, as ``git merge`` does: all of them or none. Another git that is
    at work there for a moment is waited for."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        git.ask("update-index", "-q", "--refresh", timeout=LONG)  # files that were only touched do not count as changed
        taken = git.ask("read-tree", "-m", "-u", *options, old, new, timeout=LONG)
        if taken.code == 0:
            return
        if b"index.lock" not in taken.err or time.monotonic() > deadline:
            raise AgencyError(
                "E_TARGET_DIRTY",
                f"the checkout cannot take the new files: {taken.complaint}",
                hint=f"git -C {shlex.quote(git.tree or '')} status, mend it, then type the command again",
                checkout=git.tree,
            )
        time.sleep(_POLL)


def finish_move(git: Git, branch: str, *, old: str, new: str, why: str) -> bool:
    """Finish what a kill left of :func:`move_branch`, in a checkout that :func:`is_half_moved`. Hold the repo lock."""
    git.do("read-tree", "--reset", "-u", new, timeout=LONG)
    return _swap(git, branch, old=old, new=new, why=why)


def is_half_moved(git: Git, *, old: str, new: str) -> bool:
    """Whether everything in which the checkout differs from ``old`` comes from moving it to ``new``: files as they are in either,
    missing ones, and those of which only the beginning was written. Nothing of the user's is among them then."""
    moved = {}
    for entry in _pairs(git.items("diff", "--raw", "--no-renames", "--no-abbrev", "-z", old, new)):
        head, path = entry
        _, _, before, after, _ = head.split(" ")
        moved[path] = (before, after)
    status = tree_status(git)
    if conflicts_in(git) or not set(status.changed) <= moved.keys():
        return False
    differing = [*status.changed, *(path for path in status.untracked if path in moved)]
    return bool(differing) and all(_is_between(git, path, *moved[path]) for path in differing)


def _is_between(git: Git, path: str, before: str, after: str) -> bool:
    place = f"{git.tree}/{path}"
    if not os.path.lexists(place):
        return True
    if os.path.islink(place) or not os.path.isfile(place):
        content = os.fsencode(os.readlink(place)) if os.path.islink(place) else None
        return content is not None and content in (_blob(git, before), _blob(git, after))
    if git.say("hash-object", "--", path) in (before, after):
        return True
    with open(place, "rb") as file:
        written = file.read()
    whole = _blob(git, after)
    return whole is not None and whole.startswith(written)


def _blob(git: Git, oid: str) -> bytes | None:
    done = git.ask("cat-file", "blob", oid)
    return done.out if done.code == 0 else None


def _pairs(items: list[str]) -> list[tuple[str, str]]:
    return list(zip(items[::2], items[1::2], strict=True))


def _swap(git: Git, branch: str, *, old: str, new: str, why: str) -> bool:
    words = ("update-ref", "-m", why, f"refs/heads/{branch}", new, old)
    swapped = git.ask(*words)
    if swapped.code != 0 and resolve(git, f"refs/heads/{branch}") == old:
        raise git_failed(words, swapped)
    return swapped.code == 0


def _rebases(checkout: str, branch: str) -> bool:
    """Whether a rebase of ``branch`` is under way in the checkout, whose HEAD is then detached."""
    place = discover(checkout)
    for kind in ("rebase-merge", "rebase-apply"):
        try:
            with open(f"{place.git_dir if place else checkout}/{kind}/head-name", "rb") as file:
                if os.fsdecode(file.read().strip()) == f"refs/heads/{branch}":
                    return True
        except OSError:
            continue
    return False
