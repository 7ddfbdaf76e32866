"""A model as it is kept on disk."""

from collections.abc import Mapping
from typing import Any

from agency.domain.components import Component, Edge, Model, make_model

SCHEMA = 1
"""Rises when models are built in another way, so that older ones are not used."""


def record_of(model: Model) -> dict[str, Any]:
    """The model as plain values."""
    return {
        "schema_version": SCHEMA,
        "commit": model.commit,
        "components": [component_values(one) for one in model.components.values()],
        "edges": [edge_values(edge) for edge in model.edges],
        "notes": list(model.notes),
    }


def model_of(record: Mapping[str, Any]) -> Model:
    """The model of plain values. Raises KeyError, TypeError or ValueError for anything else."""
    if record["schema_version"] != SCHEMA:
        raise ValueError("it is of another version")
    components = [
        Component(**{**one, "roots": tuple(one["roots"]), "packages": tuple(one["packages"])})
        for one in record["components"]
    ]
    return make_model(record["commit"], components, [Edge(**one) for one in record["edges"]], record["notes"])


def component_values(one: Component) -> dict[str, Any]:
    """A component as plain values."""
    return {
        "id": one.id,
        "name": one.name,
        "roots": list(one.roots),
        "source": one.source,
        "packages": list(one.packages),
    }


def edge_values(edge: Edge) -> dict[str, Any]:
    """An edge as plain values."""
    return {"source": edge.source, "target": edge.target, "via": edge.via, "confidence": edge.confidence}
