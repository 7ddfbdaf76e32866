"""What others see of a component: its contracts, configuration, migrations and entry points."""

from collections.abc import Iterable, Mapping

from agency.domain.globs import matches


def categories_of(path: str, patterns: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The categories of surface that a file belongs to."""
    return frozenset(name for name, fits in patterns.items() if matches(path, fits))


def surface_of(paths: Iterable[str], patterns: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The categories that a change of all these files touches."""
    return frozenset[str]().union(*(categories_of(path, patterns) for path in paths))
