"""The locks of a task that follow from the files it may write. Files that do not exist yet are placed by their directories."""

from collections.abc import Iterable

from agency.domain.components import Model, deps, owner, owners
from agency.domain.controlplane import ControlPlane
from agency.domain.frozen import frozen
from agency.domain.globs import matches
from agency.domain.manifest import Access
from agency.domain.reach import alternatives, is_literal, place_of, reaches_into
from agency.domain.surface import categories_of


@frozen
class Derived:
    """Locks as names of resources, sorted. ``components`` are those that may be written. ``confidence`` is ``high`` where each
    pattern stays in one component, ``medium`` where one reaches into several, ``low`` where the locks are those of the whole
    repo, the fallback resource among them."""

    writes: tuple[str, ...]
    reads: tuple[str, ...]
    components: tuple[str, ...]
    confidence: str
    notes: tuple[str, ...] = ()

    @property
    def locks(self) -> Access:
        """The same as a task has it."""
        return Access(reads=self.reads, writes=self.writes)


def derive(
    model: Model,
    write_globs: Iterable[str],
    tracked_files: Iterable[str],
    settings: ControlPlane,
    *,
    read_globs: Iterable[str] = (),
) -> Derived:
    """The locks of a task that writes what fits ``write_globs`` and reads what fits ``read_globs``.

    Each component into which a pattern reaches is locked. A task without patterns to write, or with one that is open at the top,
    may write anything. With surface locks it also writes the surface of each component of which it may change a file that others
    see, and reads the surface of each component that its own ones need.
    """
    patterns = tuple(write_globs)
    written: set[str] = set()
    notes: list[str] = []
    several = False
    for pattern in patterns:
        found = components_of(model, pattern)
        if len(found) > 1:
            several = True
            notes.append(f"{pattern} reaches into {len(found)} components")
        written |= found
    open_ones = [pattern for pattern in patterns if _is_open(pattern)]
    notes += [f"{pattern} may fit a file anywhere" for pattern in open_ones]
    if not patterns:
        notes.append("no files to write are declared")
    widened = bool(open_ones) or not patterns
    if widened:
        written = set(model.components)
    writes = {settings.resource_of(one) for one in written} | ({settings.fallback_resource} if widened else set())
    reads = {settings.resource_of(one) for pattern in read_globs for one in components_of(model, pattern)}
    if settings.surface_locks:
        seen = written if widened else _surfaces(model, patterns, tracked_files, settings)
        writes |= {settings.surface_of(one) for one in seen}
        reads |= {settings.surface_of(other) for one in written for other in deps(model, one)}
    return Derived(
        writes=tuple(sorted(writes)),
        reads=tuple(sorted(reads - writes)),
        components=tuple(sorted(written)),
        confidence="low" if widened else "medium" if several else "high",
        notes=tuple(notes),
    )


def components_of(model: Model, pattern: str) -> set[str]:
    """The components that a file of ``pattern`` may belong to, whether it exists or not."""
    found = set()
    for one in alternatives(pattern):
        place = place_of(one)
        found.add(owner(model, place).id)
        if not is_literal(one):
            inside = f"{place}/" if place else ""
            found |= {
                component
                for root, component in model.by_root.items()
                if root and root.startswith(inside) and reaches_into(one, root)
            }
    return found


def _is_open(pattern: str) -> bool:
    return any(one.split("/")[0] == "**" for one in alternatives(pattern))


def _surfaces(model: Model, patterns: tuple[str, ...], tracked: Iterable[str], settings: ControlPlane) -> set[str]:
    named = [one for pattern in patterns for one in alternatives(pattern) if is_literal(one)]
    paths = [*named, *(path for path in tracked if matches(path, patterns))]
    return set(owners(model, (path for path in paths if categories_of(path, settings.surface_patterns))).values())
