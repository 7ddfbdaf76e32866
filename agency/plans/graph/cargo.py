"""``Cargo.toml``"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from agency.plans.graph.package import Need, Package, beside

_TABLES = ("dependencies", "dev-dependencies", "build-dependencies")


def read(directory: str, text: str) -> Package:
    """What the manifest in ``directory`` tells. Raises ValueError."""
    values = tomllib.loads(text)
    name = _table(values, "package").get("name")
    if not isinstance(name, str):
        return Package(package=None)
    return Package(package=f"cargo:{name}", name=name, needs=tuple(_needs(directory, values)))


def _needs(directory: str, values: Mapping[str, Any]) -> Iterator[Need]:
    targets = _table(values, "target")
    for holder in (values, *(_table(targets, target) for target in targets)):
        for table in _TABLES:
            for package, source in _table(holder, table).items():
                details = source if isinstance(source, dict) else {}
                path = details.get("path")
                place = beside(directory, path) if isinstance(path, str) else None
                name = details.get("package") if isinstance(details.get("package"), str) else package
                if place is not None:
                    yield Need(directory=place)
                else:
                    # One from the registry may have the name of one that is here.
                    sure = details.get("workspace") is True
                    yield Need(package=f"cargo:{name}", confidence="high" if sure else "medium")


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}
