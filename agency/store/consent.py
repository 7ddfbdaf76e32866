"""What the user allowed of what a repo brings along: ``consent.json`` beside the record of the repo."""

from collections.abc import Iterable, Mapping
from typing import Any

from agency.domain.consent import Allowed, Item, Record, is_allowed
from agency.domain.ids import RepoId
from agency.store.eventlog import now
from agency.store.paths import Paths
from agency.store.records import read_record, write_record


def read_consent(paths: Paths, repo_id: RepoId) -> tuple[Record, str | None]:
    """What was allowed, and what is wrong with the record, None when nothing is. A damaged record allows nothing."""
    try:
        return _allowed(read_record(paths.consent(repo_id))), None
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        return {}, error.strerror or "it cannot be read"
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}, "it is damaged"


def note_consent(paths: Paths, repo_id: RepoId, items: Iterable[Item]) -> None:
    """Keep that the user allowed ``items`` as they are now, beside what was allowed before. Hold the repo lock.

    Raises E_DISK_FULL or E_STORE_FAILED.
    """
    record, problem = read_consent(paths, repo_id)
    raw = _raw(paths, repo_id) if problem is None else {}
    allowed: dict[str, list[Any]] = {name: list(versions) for name, versions in raw.get("allowed", {}).items()}
    fresh = [item for item in items if not is_allowed(item, record)]
    for item in fresh:
        allowed.setdefault(item.name, []).append({"sha256": item.sha256, "allowed_at": now()})
    if fresh or problem is not None:
        write_record(paths.consent(repo_id), {"schema_version": "1.0", **raw, "allowed": allowed})


def forget_consent(paths: Paths, repo_id: RepoId) -> int:
    """Forget everything that was allowed; how many things that were. Hold the repo lock. Raises E_STORE_FAILED."""
    record, problem = read_consent(paths, repo_id)
    count = sum(len(versions) for versions in record.values())
    if count or problem is not None:
        raw = _raw(paths, repo_id) if problem is None else {}
        write_record(paths.consent(repo_id), {"schema_version": "1.0", **raw, "allowed": {}})
    return count


def _raw(paths: Paths, repo_id: RepoId) -> Mapping[str, Any]:
    try:
        raw = read_record(paths.consent(repo_id))
    except FileNotFoundError:
        return {}
    assert isinstance(raw, dict)  # it was read a moment ago, under the lock
    return raw


def _allowed(raw: Any) -> Record:
    """Raises ValueError, TypeError, KeyError or AttributeError when the record is not as it should be."""
    if not isinstance(raw["schema_version"], str) or not raw["schema_version"].startswith("1."):
        raise ValueError("unknown version")
    return {
        str(name): tuple(Allowed(sha256=str(version["sha256"]), at=str(version["allowed_at"])) for version in versions)
        for name, versions in raw["allowed"].items()
    }
