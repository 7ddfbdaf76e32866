"""A repo and how it is known."""

import re

from agency.domain.frozen import frozen
from agency.domain.ids import RepoId

_SCP = r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)"
_URL = r"(?:ssh|https?|git)://(?:[^@/]+@)?([^/:]+)(?::\d+)?/(.+)"
_CREDENTIALS = re.compile(r"^(https?://)[^/]*@")
_PART = r"[A-Za-z0-9_.-]+"


@frozen
class Repo:
    """A git repository.

    ``root`` is the main checkout (for a bare repository its git directory), ``git_dir`` the directory that all its
    worktrees share, ``checkout`` the working tree the command was typed in (None in a bare repository).
    """

    repo_id: RepoId
    repo_key: str
    root: str
    git_dir: str
    checkout: str | None


def repo_id_of(repo_key: str) -> RepoId:
    """The first 16 hex digits of the key's sha256."""
    return RepoId(_sha256(repo_key)[:16])


def key_from_origin(url: str) -> str | None:
    """``github:<owner>/<repo>`` when ``url`` is a repository on github.com (ssh, scp or https form), else None."""
    match = re.fullmatch(_URL, url.strip()) or re.fullmatch(_SCP, url.strip())
    if match is None or match.group(1).lower() != "github.com":
        return None
    parts = match.group(2).strip("/").removesuffix(".git").split("/")
    if len(parts) != 2 or not all(re.fullmatch(_PART, part) for part in parts):
        return None
    return f"github:{parts[0]}/{parts[1]}"


def without_credentials(url: str) -> str:
    """``url`` without the user and password that an https form may carry, so that they are neither recorded nor shown."""
    return _CREDENTIALS.sub(r"\1", url, count=1)


def key_from_path(git_dir: str) -> str:
    """``path:<sha256>`` of the place where the repository was first seen. It is then kept inside the repository, so
    that moving the repository does not change it."""
    return f"path:{_sha256(git_dir)}"


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
