"""The parts of a repository that a commit in the worktree of a run needs, for whoever is to see no more of it."""

import os

from agency.domain.frozen import frozen
from agency.domain.isolation import unsupported
from agency.domain.run import Run
from agency.tools.git.discover import Place, discover


@frozen
class GitParts:
    """What git needs for commits in a worktree: paths to change, to read, and those that nobody inside may change, because they
    say where git finds its config, and so what programs it starts outside."""

    writable: tuple[str, ...]
    readable: tuple[str, ...]
    protected: tuple[str, ...]


def git_parts(run: Run, backend: str) -> GitParts:
    """The parts of the repository for a run. Makes those that git would make. Raises E_ISOLATION_UNSUPPORTED when the worktree is
    not one of its repository."""
    place = discover(run.worktree)
    shared = os.path.realpath(run.git_dir)
    if place is None or place.common_dir != shared or place.git_dir == shared or os.path.isdir(f"{shared}/reftable"):
        message = "the git directory of the worktree cannot be shown in parts"
        raise unsupported(backend, message, f"agency doctor, then: agency resume {run.name}", worktree=run.worktree)
    branches = [f"{shared}/{part}refs/heads/{os.path.dirname(run.branch)}" for part in ("", "logs/")]
    for directory in branches:
        os.makedirs(directory, exist_ok=True)
    config = f"{place.git_dir}/config.worktree"
    if not os.path.lexists(config):
        os.close(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    links = (f"{place.git_dir}/{name}" for name in ("commondir", "gitdir"))
    return GitParts(
        writable=(place.git_dir, f"{shared}/objects", *branches),
        readable=(shared, *_alternates(place)),
        protected=(f"{os.path.realpath(run.worktree)}/.git", config, *links),
    )


def _alternates(place: Place) -> tuple[str, ...]:
    try:
        with open(f"{place.common_dir}/objects/info/alternates", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, ValueError):
        return ()
    found = (os.path.realpath(os.path.join(f"{place.common_dir}/objects", line)) for line in lines if line)
    return tuple(path for path in found if os.path.isdir(path))
