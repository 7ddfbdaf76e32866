"""Reading the files of a repo that would be executed, from a directory or from a commit. Each file is read once, so that what a
person is shown is what is compared."""

import os
import shlex
import stat
from collections.abc import Callable

from agency.domain.consent import Read
from agency.domain.errors import AgencyError
from agency.domain.repo import Repo
from agency.sessions.context import Context
from agency.tools.git.blobs import read_as_checked_out
from agency.tools.git.command import Git


def files_in(directory: str) -> Read:
    """The files of a directory."""
    return _once(lambda path: _content(directory, path))


def files_of(context: Context, repo: Repo, commit: str) -> Read:
    """The files that a new worktree of ``commit`` would have: those of the commit, then those that are brought along."""
    place = repo.checkout or repo.root
    git = Git(environ=context.environ, tree=repo.checkout, git_dir=repo.git_dir, variables={"GIT_ATTR_SOURCE": commit})

    def read(path: str) -> bytes | None:
        content = read_as_checked_out(git, commit, path)
        return content if content is not None else _content(place, path)

    return _once(read)


def _once(read: Callable[[str], bytes | None]) -> Read:
    known: dict[str, bytes | None] = {}

    def remembered(path: str) -> bytes | None:
        if path not in known:
            known[path] = read(path)
        return known[path]

    return remembered


def _content(directory: str, path: str) -> bytes | None:
    """None when it is no regular file inside the directory. Opening a named pipe would wait for a writer.

    Raises E_CONSENT_REQUIRED when it cannot be read: a program may be executed all the same, and nobody could say yes to it.
    """
    name = os.path.normpath(path)
    if name.startswith(("/", "../")):
        return None
    place = f"{directory}/{name}"
    try:
        if not stat.S_ISREG(os.stat(place).st_mode):
            return None
        with open(place, "rb") as file:
            return file.read()
    except PermissionError:
        if not os.path.isfile(place):
            return None
        hint = f"chmod u+r {shlex.quote(place)}"
        message = f"{path} cannot be read, so it can neither be shown nor allowed"
        raise AgencyError("E_CONSENT_REQUIRED", message, hint=hint, file=place) from None
    except OSError:
        return None
