"""``pyproject.toml``"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from agency.plans.graph.package import Need, Package, beside

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def read(directory: str, text: str) -> Package:
    """What the manifest in ``directory`` tells. Raises ValueError."""
    values = tomllib.loads(text)
    project, tool = _table(values, "project"), _table(values, "tool")
    poetry = _table(tool, "poetry")
    name = project.get("name") or poetry.get("name")
    if not isinstance(name, str):
        return Package(package=None)
    needs = [Need(package=f"py:{_normal(one)}") for one in _requirements(values, project)]
    local = _table(_table(tool, "uv"), "sources")
    tables = [local, _table(poetry, "dependencies"), _table(poetry, "dev-dependencies")]
    groups = _table(poetry, "group")
    tables += [_table(_table(groups, group), "dependencies") for group in groups]
    for table in tables:
        for package, source in table.items():
            path = source.get("path") if isinstance(source, dict) else None
            place = beside(directory, path) if isinstance(path, str) else None
            if place is not None:
                needs.append(Need(directory=place))
            elif table is not local:
                needs.append(Need(package=f"py:{_normal(package)}"))
    return Package(package=f"py:{_normal(name)}", name=name, needs=tuple(needs))


def _requirements(values: Mapping[str, Any], project: Mapping[str, Any]) -> Iterator[str]:
    lists = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    lists += [*_table(values, "dependency-groups").values(), _table(values, "build-system").get("requires")]
    for wanted in lists:
        for one in wanted if isinstance(wanted, list) else ():
            if isinstance(one, str) and (found := _REQUIREMENT.match(one)):
                yield found[1]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}
