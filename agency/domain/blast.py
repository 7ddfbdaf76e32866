"""How far a change reaches: the components that it touches, and those that need them."""

from collections.abc import Iterable
from typing import Any

from agency.domain.components import CONFIDENCES, Model, owner, rdeps
from agency.domain.frozen import frozen
from agency.domain.globs import matches

UNMAPPED, NO_GRAPH, WEAK_EDGES = "unmapped_paths", "missing_dependency_graph", "low_confidence_edges"
DOCUMENTS = ("*.md", "*.rst", "*.adoc", "LICENSE*", "docs/**")
"""Files outside of all components from which nothing is built."""


@frozen
class Blast:
    """The reach of a change. ``widened`` tells why it was taken to reach every component, empty where it was not.
    ``unmapped`` are the changed files outside of all components that anything may depend on."""

    changed: tuple[str, ...]
    touched: tuple[str, ...]
    impacted: tuple[str, ...]
    confidence: str
    widened: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()


def blast(model: Model, changed: Iterable[str]) -> Blast:
    """The reach of a change of the files ``changed``.

    It is widened to every component where a file belongs to none but the leftover one, where it is not known what needs a
    component (it is a mere folder, or nothing is known to need anything), and where an edge on the way is a guess.
    """
    owning = {path: owner(model, path) for path in sorted(set(changed))}
    unmapped = [path for path, one in owning.items() if one.source == "rest" and not matches(path, DOCUMENTS)]
    return _blast(model, {one.id for one in owning.values()}, tuple(owning), tuple(unmapped), bool(unmapped))


def expected(model: Model, components: Iterable[str]) -> Blast:
    """The reach that a change somewhere in ``components``, given by their ids, may have."""
    touched = set(components)
    return _blast(model, touched, (), (), any(model.components[one].source == "rest" for one in touched))


def _blast(model: Model, touched: set[str], changed: tuple[str, ...], unmapped: tuple[str, ...], vague: bool) -> Blast:
    impacted = touched.union(*(rdeps(model, one, transitive=True) for one in touched))
    used = [edge.confidence for edge in model.edges if edge.target in impacted]
    sources = {model.components[one].source for one in touched}
    blind = "folder" in sources or (not model.edges and bool(sources - {"rest"}))
    reasons = (
        (UNMAPPED, vague),
        (NO_GRAPH, blind and len(model.components) > 1),
        (WEAK_EDGES, "low" in used),
    )
    widened = tuple(reason for reason, holds in reasons if holds)
    return Blast(
        changed=changed,
        touched=tuple(sorted(touched)),
        impacted=tuple(sorted(model.components if widened else impacted)),
        confidence="low" if widened else min(used, key=CONFIDENCES.index, default="high"),
        widened=widened,
        unmapped=unmapped,
    )


def values_of(reach: Blast) -> dict[str, Any]:
    """The reach as reports tell it."""
    return {
        "changed_files": list(reach.changed),
        "touched_components": list(reach.touched),
        "impacted_components": list(reach.impacted),
        "confidence": reach.confidence,
        "widening_reasons": list(reach.widened),
        "unmapped_paths": list(reach.unmapped),
    }
