"""``go.mod``"""

import re

from agency.plans.graph.package import Need, Package, beside


def read(directory: str, text: str) -> Package:
    """What the manifest in ``directory`` tells. Raises ValueError."""
    module: str | None = None
    needs: list[Need] = []
    block = ""
    for raw in text.splitlines():
        words = [word.strip('"`') for word in re.sub(r"//.*", "", raw).split()]
        if not words:
            continue
        if words[0] == ")":
            block = ""
            continue
        if words[-1] == "(":
            block = words[0]
            continue
        verb, rest = (block, words) if block else (words[0], words[1:])
        if verb == "module" and rest:
            module = rest[0]
        elif verb == "require" and rest:
            needs.append(Need(package=f"go:{rest[0]}"))
        elif verb == "replace" and "=>" in rest[:-1]:
            target = rest[rest.index("=>") + 1]
            place = beside(directory, target) if target.startswith(("./", "../")) else None
            if place is not None:
                needs.append(Need(directory=place))
    if module is None:
        raise ValueError("it names no module")
    short = re.sub(r"/v\d+$", "", module).rpartition("/")[2]
    return Package(package=f"go:{module}", name=short, needs=tuple(needs))
