"""The identity of a repo, kept in a small record inside the repository, so that moving the repository keeps its runs."""

import os
from typing import Any

from agency.domain.ids import RepoId
from agency.domain.repo import repo_id_of
from agency.store.eventlog import now
from agency.store.paths import Paths
from agency.store.records import make_directory, merge, read_record, write_record


def read_identity(git_dir: str) -> tuple[str, RepoId] | None:
    """The key and id that were given to the repository, or None. The id is kept too, so that reading needs no hashing."""
    try:
        record = read_record(f"{git_dir}/agency/repo.json")
        key, repo_id = record["repo_key"], record["repo_id"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (key, RepoId(repo_id)) if isinstance(key, str) and isinstance(repo_id, str) and key else None


def write_identity(git_dir: str, repo_key: str) -> None:
    """Give the repository its key and id."""
    make_directory(f"{git_dir}/agency")
    record = {"schema_version": "1.0", "repo_key": repo_key, "repo_id": repo_id_of(repo_key)}
    write_record(f"{git_dir}/agency/repo.json", record)


def remember_repo(paths: Paths, *, repo_key: str, root: str, git_dir: str, origin: str | None) -> None:
    """Write ``repo.json`` when it is missing or the repo was seen elsewhere. Hold the repo lock."""
    repo_id = repo_id_of(repo_key)
    path = paths.repo_record(repo_id)
    old = read_repo(paths, repo_id)
    places = [place for place in old.get("paths") or [] if place != root]
    if old and old.get("root") == root and old.get("git_dir") == git_dir and old.get("origin_url") == origin:
        return
    stamp = now()
    fresh = {
        "schema_version": "1.0",
        "repo_key": repo_key,
        "repo_id": repo_id,
        "root": root,
        "git_dir": git_dir,
        "origin_url": origin,
        "paths": [root, *places],
        "created_at": old.get("created_at", stamp),
        "updated_at": stamp,
    }
    make_directory(os.path.dirname(path))
    write_record(path, merge(old, fresh))


def read_repo(paths: Paths, repo_id: RepoId) -> dict[str, Any]:
    """The raw ``repo.json``; empty when there is none or it cannot be read."""
    try:
        record = read_record(paths.repo_record(repo_id))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
