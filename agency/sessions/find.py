"""Finding the repo of the caller and the run a reference means. One resolver for every command."""

import os
from typing import Literal

from agency.domain.errors import AgencyError
from agency.domain.ids import RepoId
from agency.domain.reference import Ambiguous, Match, NotFound, named, resolve
from agency.domain.repo import Repo, key_from_origin, key_from_path, repo_id_of, without_credentials
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.store.repos import read_identity, read_repo, remember_repo, write_identity
from agency.store.runs import list_repo_ids, list_runs
from agency.tools.git.command import Git
from agency.tools.git.discover import Place, discover

Archived = Literal["no", "by id", "yes"]


def find_repo(context: Context, directory: str | None = None) -> Repo | None:
    """The repo that ``directory`` (the caller's, when None) is in, or None. Writes nothing.

    Raises E_NO_REPO when a directory was named and is in no repo.
    """
    place = discover(os.path.join(context.cwd, directory or "."))
    if place is None:
        if directory is not None:
            raise AgencyError("E_NO_REPO", f"{directory} is not in a git repository", hint="name another with --repo")
        return None
    identity = read_identity(place.common_dir)
    if identity is None or not _is_first_of(context, *identity, place):
        origin = _configured_origin(context, place.common_dir)
        key = key_from_origin(origin or "") or key_from_path(place.common_dir)
        identity = key, repo_id_of(key)
    key, repo_id = identity
    return Repo(
        repo_id=repo_id,
        repo_key=key,
        root=place.main_root,
        git_dir=place.common_dir,
        checkout=place.tree,
    )


def require_repo(context: Context, directory: str | None) -> Repo:
    """The same, insisting on a repo. Raises E_NO_REPO."""
    repo = find_repo(context, directory)
    if repo is None:
        raise AgencyError(
            "E_NO_REPO", "this is not inside a git repository", hint="cd into one, or name it with --repo PATH"
        )
    return repo


def remember(context: Context, repo: Repo) -> None:
    """Give the repo its lasting identity and note where it is. Hold its lock."""
    if read_identity(repo.git_dir) != (repo.repo_key, repo.repo_id):
        write_identity(repo.git_dir, repo.repo_key)
    remember_repo(
        context.paths,
        repo_key=repo.repo_key,
        root=repo.root,
        git_dir=repo.git_dir,
        origin=origin_url(context, repo),
    )


def origin_url(context: Context, repo: Repo) -> str | None:
    """The URL of the remote ``origin``, without credentials, or None."""
    return _configured_origin(context, repo.git_dir)


def find_run(
    context: Context, ref: str, *, repo: str | None = None, archived: Archived = "no", broken: bool = False
) -> Run | BrokenRun:
    """The run that ``ref`` means: a name, an id or the unique beginning of one; the repo of the caller goes first.

    ``repo`` limits the search to the repo there. ``archived`` says whether archived runs can be found too, after all present
    ones: ``no``, ``by id``, or ``yes`` (by name too).
    Raises E_RUN_NOT_FOUND, E_RUN_AMBIGUOUS, and E_RUN_BROKEN unless ``broken`` accepts such a run.
    """
    here = find_repo(context, repo)
    near = [here.repo_id] if here is not None else []
    nearby = [run for repo_id in near for run in list_runs(context.paths, repo_id)]
    found = named(ref, nearby)
    far: list[RepoId] = []
    if isinstance(found, NotFound):
        far = [] if repo is not None else [repo_id for repo_id in list_repo_ids(context.paths) if repo_id not in near]
        found = resolve(ref, [nearby, [run for repo_id in far for run in list_runs(context.paths, repo_id)]])
    if isinstance(found, NotFound):
        old = [
            [run for repo_id in part for run in list_runs(context.paths, repo_id, archived=True)]
            for part in (near, far)
        ]
        in_archive = resolve(ref, old)
        by_name = isinstance(in_archive, Match) and getattr(in_archive.run, "name", None) == ref
        if archived == "yes" or (archived == "by id" and not by_name):
            found = in_archive if not isinstance(in_archive, NotFound) else found
        elif isinstance(in_archive, Ambiguous):
            raise AgencyError(
                "E_RUN_NOT_FOUND",
                f"no present run is called {ref}; {len(in_archive.candidates)} archived ones are",
                hint="agency restore RUN_ID",
                candidates=[_describe(run) for run in in_archive.candidates],
            )
        elif isinstance(in_archive, Match):
            raise AgencyError(
                "E_RUN_NOT_FOUND",
                f"no present run is called {ref}; an archived one is",
                hint=f"agency restore {in_archive.run.run_id}",
                run_id=in_archive.run.run_id,
            )
    if isinstance(found, Match):
        if isinstance(found.run, BrokenRun) and not broken:
            raise AgencyError(
                "E_RUN_BROKEN",
                f"the record of run {found.run.run_id} cannot be used: {found.run.reason}",
                hint=f"agency {'show --paths' if found.run.newer else 'restore'} {found.run.run_id}",
                run_id=found.run.run_id,
                record=f"{found.run.directory}/meta.json",
            )
        return found.run
    if isinstance(found, Ambiguous):
        raise AgencyError(
            "E_RUN_AMBIGUOUS",
            f"{ref} fits {len(found.candidates)} runs",
            hint="use more of the run id, or --repo PATH",
            candidates=[_describe(run) for run in found.candidates],
        )
    raise AgencyError(
        "E_RUN_NOT_FOUND",
        f"no run is called {ref}" + (f"; did you mean {' or '.join(found.nearest)}?" if found.nearest else ""),
        hint="agency ls --all-repos",
        nearest=list(found.nearest) or None,
    )


def require_run(context: Context, ref: str, *, repo: str | None = None, archived: Archived = "no") -> Run:
    """The same, for commands that need a usable record."""
    run = find_run(context, ref, repo=repo, archived=archived)
    assert isinstance(run, Run)
    return run


def _describe(run: Run | BrokenRun) -> str:
    name = run.name if isinstance(run, Run) else "<broken>"
    return f"{run.run_id} {name} (repo {run.repo_id}{', archived' if run.archived else ''})"


def _is_first_of(context: Context, key: str, repo_id: RepoId, place: Place) -> bool:
    """False when the repository is a copy, made with its identity, of one that still stands where it was."""
    if not key.startswith("path:"):
        return True
    known = read_repo(context.paths, repo_id).get("git_dir")
    if not isinstance(known, str) or known == place.common_dir:
        return True
    return read_identity(known) != (key, repo_id)


def _configured_origin(context: Context, git_dir: str) -> str | None:
    done = Git(environ=context.environ, git_dir=git_dir).ask("config", "--get", "remote.origin.url")
    return without_credentials(done.text) if done.code == 0 and done.text else None
