"""Where the paths of a pattern can lie, whether or not there are files there yet."""

import re

from agency.domain.globs import fixed_part, matches

_INNERMOST = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST = 256


def alternatives(pattern: str) -> list[str]:
    """The patterns without ``{a,b}`` that together fit the same; the pattern alone where these would be too many."""
    todo, done = [pattern], []
    while todo:
        one = todo.pop()
        found = _INNERMOST.search(one)
        if found is None:
            done.append(one)
        else:
            todo += [one[: found.start()] + word + one[found.end() :] for word in found[1].split(",")]
        if len(todo) + len(done) > _MOST:
            return [pattern]
    return sorted(set(done))


def place_of(pattern: str) -> str:
    """The directory that all its paths are in, or the path itself where it is one."""
    return fixed_part(pattern.partition("\\")[0] + "*" if "\\" in pattern else pattern)


def is_literal(pattern: str) -> bool:
    """Whether only one path fits."""
    return place_of(pattern) == pattern


def reaches_into(pattern: str, directory: str) -> bool:
    """Whether ``directory`` or some path in it could fit, told part by part. True where that is not certain."""
    if "\\" in pattern or re.search(r"[\[{][^\]}]*/", pattern):
        place = place_of(pattern)
        return not place or f"{directory}/".startswith(f"{place}/") or f"{place}/".startswith(f"{directory}/")
    parts, wanted = pattern.split("/"), directory.split("/") if directory else []
    for part, name in zip(parts, wanted, strict=False):
        if "**" in part:
            return True
        if not matches(name, (part,)):
            return False
    return len(parts) >= len(wanted)
