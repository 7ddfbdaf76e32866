"""Which tasks of a plan fit now, and why none does: a pure function of what is ready, what is held and how many may run."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Literal

from agency.domain.frozen import frozen
from agency.domain.manifest import Access, order_of

Stuck = Literal["blocked_dependencies", "missing_dependencies", "deadlock"]
"""Why nothing can go on: what tasks wait for needs a person; is in no plan that is known; is each other."""


@frozen
class Candidate:
    """A task that waits: what has to be done before, and what it has to hold while it is worked on."""

    task_id: str
    dependencies: tuple[str, ...] = ()
    locks: Access = field(default_factory=Access)


@frozen
class Standstill:
    """Why no task that waits can ever go on as things are. ``waiting`` tells for each such task what it waits for."""

    kind: Stuck
    waiting: Mapping[str, tuple[str, ...]]


def fitting(
    waiting: Iterable[Candidate], *, done: Collection[str], held: Sequence[Access], slots: int
) -> tuple[str, ...]:
    """The tasks to begin now, in order of their ids: those whose dependencies are ``done`` and whose locks clash with none that
    are ``held`` nor with those of another that begins, up to ``slots``. The same facts always give the same answer."""
    chosen: list[str] = []
    taken = list(held)
    for candidate in sorted(waiting, key=lambda each: order_of(each.task_id)):
        if len(chosen) >= slots:
            break
        ready = all(dependency in done for dependency in candidate.dependencies)
        if ready and not any(candidate.locks.clashes_with(other) for other in taken):
            chosen.append(candidate.task_id)
            taken.append(candidate.locks)
    return tuple(chosen)


def standstill(
    waiting: Sequence[Candidate], *, done: Collection[str], halted: Collection[str], known: Collection[str]
) -> Standstill | None:
    """Why none of ``waiting`` can go on while nothing is worked on; None when one can, or none waits.

    ``halted`` are the tasks that need a person; ``known`` all that the plan or the ledger knows of. A dependency that nobody
    knows goes before one that is halted, and what is left waits for itself.
    """
    unmet = {
        each.task_id: tuple(dependency for dependency in each.dependencies if dependency not in done)
        for each in waiting
    }
    if not unmet or any(not left for left in unmet.values()):
        return None
    missing = {task: tuple(name for name in left if name not in known) for task, left in unmet.items()}
    if any(missing.values()):
        return Standstill(kind="missing_dependencies", waiting={task: left for task, left in missing.items() if left})
    blocked = _behind(unmet, halted)
    if blocked:
        return Standstill(kind="blocked_dependencies", waiting={task: unmet[task] for task in sorted(blocked)})
    return Standstill(kind="deadlock", waiting=unmet)


def _behind(unmet: Mapping[str, tuple[str, ...]], halted: Collection[str]) -> set[str]:
    """The tasks that wait, directly or not, for one that is halted."""
    behind: set[str] = set()
    while True:
        more = {
            task
            for task, left in unmet.items()
            if task not in behind and any(name in halted or name in behind for name in left)
        }
        if not more:
            return behind
        behind |= more


def cycles(dependencies: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Each ring of tasks that wait for each other, once, beginning with its first task."""
    rings: set[tuple[str, ...]] = set()
    finished: set[str] = set()
    for begin in sorted(dependencies, key=order_of):
        path: dict[str, Iterator[str]] = {
            begin: iter(dependencies[begin])
        }  # no recursion: a plan may be one long chain
        while path and begin not in finished:
            task = next(reversed(path))
            following = next((name for name in path[task] if name in dependencies and name not in finished), None)
            if following is None:
                finished.add(task)
                del path[task]
            elif following in path:
                ring = list(path)[list(path).index(following) :]
                first = ring.index(min(ring, key=order_of))
                rings.add((*ring[first:], *ring[:first]))
            else:
                path[following] = iter(dependencies[following])
    return sorted(rings, key=lambda ring: [order_of(task) for task in ring])
