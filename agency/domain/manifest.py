"""A task of a plan as its manifest tells it: what it is, what it waits for, what it may touch, what accepts it."""

import re
from collections.abc import Iterable
from dataclasses import field, replace

from agency.domain.frozen import frozen

TDD_MODES = ("off", "strict")
_SLUG_MAX = 80


@frozen
class Access:
    """What a task reads and what it writes: names of resources, or path patterns."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def clashes_with(self, other: "Access") -> bool:
        """Whether the two may not hold at the same time: one writes what the other reads or writes."""
        mine, theirs = set(self.writes), set(other.writes)
        return bool(mine & theirs or mine & set(other.reads) or theirs & set(self.reads))

    def with_writes(self, writes: Iterable[str], *, read_too: bool = False) -> "Access":
        """The same with more that is written, and with ``read_too`` read as well; sorted, each once."""
        more = tuple(writes)
        reads = tuple(sorted({*self.reads, *more})) if read_too else self.reads
        return replace(self, writes=tuple(sorted({*self.writes, *more})), reads=reads)


@frozen
class Verify:
    """Command lines for a shell: ``doctor`` accepts the work; ``fast`` are the tests that strict TDD begins with; ``lint`` goes
    before the doctor, None where the plan says."""

    doctor: str
    fast: str | None = None
    lint: str | None = None


@frozen
class Manifest:
    """One task. ``locks`` are names of resources, ``files`` path patterns. ``tdd_mode`` is one of :data:`TDD_MODES`.
    ``runner``, ``model`` and ``isolation`` are those of the plan where they are None. ``directory`` is the name of the directory
    that it was read from, ``spec`` the text beside it."""

    task_id: str
    name: str
    description: str
    verify: Verify
    estimated_minutes: int = 30
    dependencies: tuple[str, ...] = ()
    locks: Access = field(default_factory=Access)
    files: Access = field(default_factory=Access)
    affected_tests: tuple[str, ...] = ()
    test_paths: tuple[str, ...] = ()
    tdd_mode: str = "off"
    runner: str | None = None
    model: str | None = None
    isolation: str | None = None
    directory: str = ""
    spec: str = ""

    @property
    def order(self) -> tuple[int, int, str]:
        """What tasks are sorted by: ids that are numbers by their value, before all others."""
        return order_of(self.task_id)


def order_of(task_id: str) -> tuple[int, int, str]:
    """What a task id is sorted by: 2 is before 3, before 010."""
    return (0, int(task_id), task_id) if task_id.isascii() and task_id.isdigit() else (1, 0, task_id)


def slug_of(name: str) -> str:
    """A name as part of a directory name: lower case, anything but letters and digits a hyphen, at most 80 characters."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_SLUG_MAX].strip("-")
    return slug or "task"
