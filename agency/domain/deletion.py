"""The one rule that decides what agency may delete."""

from collections.abc import Iterable

from agency.domain.frozen import frozen

DEFAULT_BRANCHES = frozenset({"main", "master", "trunk", "develop"})


@frozen
class DeletionFacts:
    """What is known of a directory that is to be removed. All paths absolute, links resolved.

    ``managed_root`` is the directory of the repo inside the data directory. ``main_checkouts`` are the checkouts and git
    directories that belong to the user; ``shared_with`` are other runs that use the same directory.
    """

    path: str
    managed_root: str
    main_checkouts: tuple[str, ...] = ()
    shared_with: tuple[str, ...] = ()


def refusal(facts: DeletionFacts) -> str | None:
    """Why the directory must not be removed, or None when it may be."""
    managed = [f"{facts.managed_root}/{part}" for part in ("worktrees", "trash")]
    if not any(_is_inside(facts.path, root) for root in managed):
        return "it is not inside the directory that agency manages"
    if not {"", ".", ".."}.isdisjoint(facts.path.split("/")[1:]):
        return "its path is not resolved"
    for checkout in facts.main_checkouts:
        if facts.path == checkout or _is_inside(checkout, facts.path):
            return f"it holds the repository {checkout}"
    if facts.shared_with:
        return f"it is used by {', '.join(facts.shared_with)} too"
    return None


def branch_refusal(branch: str, *, name: str, run_id: str, checked_out_at: Iterable[str]) -> str | None:
    """Why the branch must not be deleted, or None when it may be: only a run's own branch, when no checkout stands on it."""
    short = branch.rpartition("/")[2]
    if branch in DEFAULT_BRANCHES or short in DEFAULT_BRANCHES:
        return "it is a default branch"
    if not branch.startswith("agency/") or not branch.endswith(f"-{run_id[-4:]}"):
        return "it is not the branch of the run"
    places = list(checked_out_at)
    return f"it is checked out at {places[0]}" if places else None


def _is_inside(path: str, root: str) -> bool:
    return path.startswith(root.rstrip("/") + "/")
