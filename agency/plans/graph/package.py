"""What a manifest of a package tells."""

from agency.domain.frozen import frozen


@frozen
class Need:
    """Something that a package needs: by ``package``, or by ``directory`` relative to the top of the repo."""

    package: str | None = None
    directory: str | None = None
    confidence: str = "high"


@frozen
class Package:
    """A manifest. ``package`` is the name that others know it by, its kind before it, None where it only groups others;
    ``needs`` are all its dependencies, of which most are strangers. ``members``: of the manifests of its kind below it only those
    in directories of these patterns count, None where all do."""

    package: str | None
    name: str | None = None
    needs: tuple[Need, ...] = ()
    members: tuple[str, ...] | None = None


def beside(directory: str, relative: str) -> str | None:
    """The directory ``relative`` to another, both in the repo; None when it is outside."""
    import posixpath

    path = posixpath.normpath(posixpath.join(directory, relative))
    return None if path.startswith(("/", "../")) or path == ".." else "" if path == "." else path
