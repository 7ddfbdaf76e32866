"""Path patterns of plans: ``*`` and ``?`` stay within a directory, ``**`` crosses them, ``{a,b}`` is either; hidden files
count."""

from collections.abc import Iterable

_WILD = frozenset("*?[{")


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of ``patterns`` fits ``path``, which is relative and divided by ``/``."""
    from wcmatch import glob

    flags = glob.GLOBSTAR | glob.DOTGLOB | glob.BRACE | glob.FORCEUNIX
    return any(bool(glob.globmatch(path, pattern, flags=flags)) for pattern in patterns)


def fixed_part(pattern: str) -> str:
    """The directory that every path of ``pattern`` is in, empty for the top; the whole path where nothing in it is open."""
    parts = pattern.split("/")
    for number, part in enumerate(parts):
        if any(sign in _WILD for sign in part):
            return "/".join(parts[:number])
    return pattern


def may_share(one: str, other: str) -> bool:
    """Whether some path could fit both patterns. Where only their open parts tell, they are taken to."""
    first, second = fixed_part(one), fixed_part(other)
    if first == one and second == other:
        return one == other
    if first == one:
        return matches(one, (other,))
    if second == other:
        return matches(other, (one,))
    return _inside(first, second) or _inside(second, first)


def _inside(path: str, directory: str) -> bool:
    return not directory or path == directory or path.startswith(f"{directory}/")
