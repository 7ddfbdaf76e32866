"""The model of a commit: from the cache, or read from git. A cache that is lost, broken or of another version is built anew, and
several builders at once write the same."""

import os
from collections.abc import Sequence

from agency.domain.components import Model
from agency.domain.controlplane import ConfiguredComponent, ControlPlane
from agency.domain.errors import AgencyError
from agency.domain.repo import Repo
from agency.plans.graph.build import build_model, is_manifest
from agency.plans.graph.record import SCHEMA, model_of, record_of
from agency.sessions.context import Context
from agency.store.records import json_bytes, make_directory, read_record, write_file
from agency.tools.git.command import Git
from agency.tools.git.grep import Hit, grep
from agency.tools.git.history import changed_files
from agency.tools.git.status import tree_status
from agency.tools.git.treefiles import commit_of, read_blobs, tree_files

_KEPT = 100
"""How many models of a repo are kept."""
_FILES = ("100644", "100755")


def model_at(context: Context, repo: Repo, rev: str, settings: ControlPlane) -> Model:
    """The components of the commit ``rev``, with those that are configured now. Raises E_USAGE when there is no such commit."""
    git = _git(context, repo)
    commit = commit_of(git, rev)
    place = context.paths.models(repo.repo_id)
    file = f"{place}/{commit}-{_fingerprint(settings.components)}.json"
    try:
        return model_of(read_record(file))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or not usable: it is made
    files = tree_files(git, commit)
    wanted = [one for one in files if one.mode in _FILES and is_manifest(one.path)]
    contents = read_blobs(git, [one.blob for one in wanted])
    manifests = {one.path: content for one, content in zip(wanted, contents, strict=True)}
    model = build_model(commit, [one.path for one in files], manifests, settings.components)
    if os.path.isdir(context.paths.repo(repo.repo_id)):  # looking at a repo does not make it known
        _keep(place, file, model)
    return model


def tracked_at(context: Context, repo: Repo, rev: str) -> list[str]:
    """The files of a commit. Raises E_USAGE when there is none."""
    git = _git(context, repo)
    return [one.path for one in tree_files(git, commit_of(git, rev))]


def changed_against(context: Context, repo: Repo, rev: str, *, tip: str) -> list[str]:
    """The files that ``tip`` changes since it left ``rev``. Raises E_USAGE when one of them is not a commit."""
    git = _git(context, repo)
    return [one.path for one in changed_files(git, base=commit_of(git, rev), tip=commit_of(git, tip))]


def changed_here(context: Context, repo: Repo) -> list[str]:
    """The files with uncommitted changes in the checkout, new ones too. Raises E_NO_REPO without a checkout."""
    if repo.checkout is None:
        raise AgencyError("E_NO_REPO", "a bare repository has no checkout", hint="name paths, or use --against REV")
    status = tree_status(Git(environ=context.environ, tree=repo.checkout))
    return sorted({*status.changed, *status.untracked})


def search_at(
    context: Context, repo: Repo, rev: str, text: str, *, globs: Sequence[str] = (), regex: bool = False
) -> list[Hit]:
    """The lines of a commit that hold ``text``. Raises E_USAGE when there is no such commit, E_GIT_FAILED."""
    git = _git(context, repo)
    return grep(git, commit_of(git, rev), text, globs=globs, regex=regex)


def _git(context: Context, repo: Repo) -> Git:
    if repo.checkout is not None:  # where HEAD is that of the caller
        return Git(environ=context.environ, tree=repo.checkout)
    return Git(environ=context.environ, git_dir=repo.git_dir)


def _fingerprint(configured: Sequence[ConfiguredComponent]) -> str:
    import hashlib

    told = [[one.id, one.name, list(one.roots), list(one.depends_on)] for one in configured]
    return hashlib.sha256(json_bytes([SCHEMA, told])).hexdigest()[:16]


def _keep(place: str, file: str, model: Model) -> None:
    """Keep the model for the next one who asks. It is worth nothing, so that what fails here fails nobody."""
    try:
        make_directory(place)
        write_file(file, json_bytes(record_of(model)) + b"\n", durable=False)
        _let_go(place)
    except (AgencyError, OSError):
        pass


def _let_go(place: str) -> None:
    files = [f"{place}/{name}" for name in os.listdir(place) if name.endswith(".json")]
    if len(files) > _KEPT:
        for old in sorted(files, key=os.path.getmtime)[:-_KEPT]:
            os.unlink(old)
