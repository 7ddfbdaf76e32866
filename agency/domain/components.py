"""The parts of a repo: which component a path belongs to, and which components need which."""

from collections.abc import Iterable, Mapping
from dataclasses import field

from agency.domain.frozen import frozen

ROOT = "root"
"""The id of the component that owns what no other does."""
CONFIDENCES = ("low", "medium", "high")


@frozen
class Component:
    """A part of a repo. ``roots`` are its directories, empty text for the top. ``source`` says what it was made from:
    ``config``, the name of a manifest, ``folder``, or ``rest`` for what is left over. ``packages`` are the names that others
    depend on it by."""

    id: str
    name: str
    roots: tuple[str, ...]
    source: str
    packages: tuple[str, ...] = ()


@frozen
class Edge:
    """``source`` needs ``target``; ``via`` is what says so, ``confidence`` one of :data:`CONFIDENCES`."""

    source: str
    target: str
    via: str
    confidence: str = "high"


@frozen
class Model:
    """The components of one commit by id, and their edges. ``notes`` tell what could not be read. Make it with
    :func:`make_model`, which fills the indexes."""

    commit: str
    components: Mapping[str, Component]
    edges: tuple[Edge, ...] = ()
    notes: tuple[str, ...] = ()
    by_root: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    needed_by: Mapping[str, frozenset[str]] = field(default_factory=dict)


def make_model(
    commit: str, components: Iterable[Component], edges: Iterable[Edge] = (), notes: Iterable[str] = ()
) -> Model:
    """The model of ``components``, with a component for the top of the repo where none has it. Edges that begin or end nowhere,
    or go from a component to itself, are left out. Where two have the same root, the first by id owns it."""
    known = {one.id: one for one in sorted(components, key=lambda one: one.id)}
    by_root: dict[str, str] = {}
    for one in known.values():
        for root in one.roots:
            by_root.setdefault(root, one.id)
    if "" not in by_root:
        rest = _free_id(ROOT, known)
        known[rest] = Component(id=rest, name=rest, roots=("",), source="rest")
        by_root[""] = rest
    kept = sorted(
        {edge for edge in edges if edge.source != edge.target and edge.source in known and edge.target in known},
        key=lambda edge: (edge.source, edge.target, edge.via, edge.confidence),
    )
    return Model(
        commit=commit,
        components=dict(sorted(known.items())),
        edges=tuple(kept),
        notes=tuple(notes),
        by_root=by_root,
        needs=_neighbours((edge.source, edge.target) for edge in kept),
        needed_by=_neighbours((edge.target, edge.source) for edge in kept),
    )


def owner(model: Model, path: str) -> Component:
    """The component with the deepest root around ``path``, whether or not there is such a file. There always is one."""
    place = path.strip("/")
    while place and place not in model.by_root:
        place = place.rpartition("/")[0]
    return model.components[model.by_root[place]]


def owners(model: Model, paths: Iterable[str]) -> dict[str, str]:
    """The id of the owner of each path."""
    return {path: owner(model, path).id for path in paths}


def deps(model: Model, component_id: str, *, transitive: bool = False) -> frozenset[str]:
    """The components that one needs; with ``transitive`` also what these need, never itself."""
    return _reached(model.needs, component_id, transitive)


def rdeps(model: Model, component_id: str, *, transitive: bool = False) -> frozenset[str]:
    """The components that need one; with ``transitive`` also those that need these, never itself."""
    return _reached(model.needed_by, component_id, transitive)


def _reached(neighbours: Mapping[str, frozenset[str]], start: str, transitive: bool) -> frozenset[str]:
    near = neighbours.get(start, frozenset())
    if not transitive:
        return near
    seen, todo = set(near), list(near)
    while todo:
        new = neighbours.get(todo.pop(), frozenset()) - seen
        seen |= new
        todo += new
    return frozenset(seen - {start})


def _neighbours(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
    return {one: frozenset(others) for one, others in found.items()}


def _free_id(wanted: str, taken: Mapping[str, Component]) -> str:
    number, found = 2, wanted
    while found in taken:
        number, found = number + 1, f"{wanted}-{number}"
    return found
