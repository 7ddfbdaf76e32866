"""Where the repository of a run is now: where it was made, or where it has been moved to since."""

import os

from agency.domain.errors import AgencyError
from agency.domain.ids import RepoId
from agency.domain.repo import Repo
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.find import find_repo
from agency.store.records import make_directory
from agency.store.repos import read_identity, read_repo
from agency.tools.git.discover import discover


def repo_of(context: Context, run: Run | BrokenRun) -> Repo | None:
    """The repository of the run, or None when it cannot be found any more.

    Looked for where the run was made, around the caller, and where any command saw it last.
    """
    made = _at(context, run, run.repo_root or run.git_dir) if isinstance(run, Run) else None
    if made is not None:
        return made
    here = find_repo(context)
    if here is not None and here.repo_id == run.repo_id:
        return here
    seen = read_repo(context.paths, run.repo_id)
    return _at(context, run, str(seen.get("root") or ""))


def require_repo_of(context: Context, run: Run) -> Repo:
    """The same, insisting. Raises E_NO_REPO."""
    repo = repo_of(context, run)
    if repo is None:
        raise AgencyError(
            "E_NO_REPO",
            f"the repository of {run.name} is no longer at {run.repo_root}",
            hint="cd to where it is now, then type the command again",
            run_id=run.run_id,
            repo=run.repo_root,
        )
    return repo


def config_root(context: Context, run: Run) -> str:
    """Where the repo's config of a run is read: the main checkout, or the worktree where there is none (bare)."""
    repo = repo_of(context, run)
    if repo is None or (repo.checkout is None and repo.root == repo.git_dir):
        return run.worktree
    return repo.root


def scratch_of(context: Context, repo_id: RepoId) -> str:
    """A directory for files that are needed for a moment: what a killed command leaves there, ``agency gc`` finds."""
    directory = context.paths.trash(repo_id)
    make_directory(directory)
    return directory


def _at(context: Context, run: Run | BrokenRun, directory: str) -> Repo | None:
    place = discover(directory) if directory and os.path.isdir(directory) else None
    if place is None or read_identity(place.common_dir) is None:
        return None
    repo = find_repo(context, place.tree or place.common_dir)
    return repo if repo is not None and repo.repo_id == run.repo_id else None
