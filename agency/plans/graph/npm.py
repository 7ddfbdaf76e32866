"""``package.json``"""

import json
from typing import Any

from agency.plans.graph.package import Need, Package, beside

_TABLES = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
_LOCAL = ("file:", "link:", "portal:")


def read(directory: str, text: str) -> Package:
    """What the manifest in ``directory`` tells. Raises ValueError."""
    values: Any = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("it is not an object")
    name = values.get("name")
    named = isinstance(name, str) and bool(name)
    workspaces = values.get("workspaces")
    if isinstance(workspaces, dict):
        workspaces = workspaces.get("packages")
    members = tuple(one for one in workspaces if isinstance(one, str)) if isinstance(workspaces, list) else None
    needs = []
    for table in _TABLES:
        wanted = values.get(table)
        for package, version in wanted.items() if isinstance(wanted, dict) else ():
            needs.append(_need(directory, package, version))
    if members is not None and not directory:
        return Package(package=None, members=members)  # the top of a workspace groups its members
    own = f"npm:{name}" if named else f"npm-directory:{directory}"
    return Package(package=own, name=name if named else None, needs=tuple(needs), members=members)


def _need(directory: str, package: str, version: object) -> Need:
    text = version if isinstance(version, str) else ""
    local = next((text.removeprefix(prefix) for prefix in _LOCAL if text.startswith(prefix)), None)
    place = beside(directory, local) if local is not None else None
    return Need(directory=place) if place is not None else Need(package=f"npm:{package}")
