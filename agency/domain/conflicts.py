"""Which branches can conflict with each other, so that only these are merged on trial; and the conflicts that were found."""

from collections.abc import Iterable
from itertools import combinations
from typing import Literal, TypeVar

from agency.domain.frozen import frozen
from agency.domain.ids import RunId

T = TypeVar("T")


@frozen
class Changes:
    """What a branch changed since it left another: paths, and the directories above them.

    ``moves``: it may have moved files, whose changes then count at paths that are not among these.
    """

    paths: frozenset[str]
    directories: frozenset[str]
    moves: bool


UNKNOWN = Changes(paths=frozenset(), directories=frozenset(), moves=True)
"""Of a branch of which only a trial can tell."""


def changes_of(entries: Iterable[tuple[str, str]]) -> Changes:
    """The changes that ``entries`` tell: pairs of git's letter (``A``, ``D``, ``M``, ``T``) and a path. A file that was moved is
    one that was deleted and one that was added."""
    kinds: set[str] = set()
    paths: set[str] = set()
    directories: set[str] = set()
    for kind, path in entries:
        kinds.add(kind)
        paths.add(path)
        above = path.rpartition("/")[0]
        while above and above not in directories:
            directories.add(above)
            above = above.rpartition("/")[0]
    return Changes(paths=frozenset(paths), directories=frozenset(directories), moves={"A", "D"} <= kinds)


def may_conflict(ours: Changes, theirs: Changes) -> bool:
    """Whether a merge has to be tried: a path was changed on both sides, a path of one is a directory of the other, or one side
    moved files, which takes along what the other side does in their directory."""
    return (
        ours.moves
        or theirs.moves
        or not ours.paths.isdisjoint(theirs.paths)
        or not ours.paths.isdisjoint(theirs.directories)
        or not ours.directories.isdisjoint(theirs.paths)
    )


def pairs_to_try(changed: Iterable[tuple[T, Changes]]) -> list[tuple[T, T]]:
    """Every pair that may conflict, each once, in the order given."""
    return [
        (ours, theirs)
        for (ours, our_changes), (theirs, their_changes) in combinations(changed, 2)
        if may_conflict(our_changes, their_changes)
    ]


@frozen
class Conflict:
    """A run that cannot be combined with its target branch (``kind`` is ``parent``, ``other`` the branch) or with another run
    (``run``, its name and id). ``paths`` are what git could not combine."""

    run_id: RunId
    name: str
    kind: Literal["parent", "run"]
    other: str
    other_run_id: RunId | None
    paths: tuple[str, ...]


@frozen
class Radar:
    """The conflicts among ``compared`` runs with commits of their own. ``unknown`` are runs about which nothing can be said."""

    conflicts: tuple[Conflict, ...] = ()
    compared: int = 0
    unknown: frozenset[RunId] = frozenset()

    def of_run(self, run_id: RunId) -> tuple[Conflict, ...]:
        """The conflicts of one run, each as seen from it, that with its target first."""
        seen = [conflict for conflict in self.conflicts if run_id == conflict.run_id]
        mirrored = [_from_the_other(conflict, run_id) for conflict in self.conflicts if run_id == conflict.other_run_id]
        return (
            *(one for one in seen if one.kind == "parent"),
            *sorted((one for one in (*seen, *mirrored) if one.kind == "run"), key=lambda one: one.other),
        )


def _from_the_other(conflict: Conflict, run_id: RunId) -> Conflict:
    return Conflict(
        run_id=run_id,
        name=conflict.other,
        kind="run",
        other=conflict.name,
        other_run_id=conflict.run_id,
        paths=conflict.paths,
    )
