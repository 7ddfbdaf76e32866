"""What earlier runs of a plan completed, and whether that still counts."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from agency.domain.frozen import frozen

SCHEMA_VERSION = "1.0"


@frozen
class LedgerEntry:
    """A task that was completed: by which run of which plan, as what (``fingerprint``), when, and with which commit the
    ``branch`` had its work."""

    plan: str
    task_id: str
    fingerprint: str
    merge_commit: str
    branch: str
    plan_id: str
    completed_at: str


def fingerprint_of(values: Mapping[str, Any], spec: str) -> str:
    """What tells a task from what it was before: its manifest and its text, whatever their order and line ends."""
    text = re.sub(r"[ \t]+$", "", spec.replace("\r\n", "\n").replace("\r", "\n"), flags=re.MULTILINE).rstrip("\n")
    manifest = json.dumps(_normal(values), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    whole = f"{manifest}\n---\n{text}"
    return f"sha256:{sha256(whole.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _normal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _normal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_normal(inner) for inner in value), key=str)
    return value


def why_not(entry: LedgerEntry, fingerprint: str | None, *, reachable: bool, branch: str) -> str | None:
    """Why the task has to be done again, None when it has not. ``fingerprint`` is that of the task as the plan has it now, None
    when the plan has it no longer; ``reachable``: the merge commit is in ``branch``."""
    if fingerprint is not None and fingerprint != entry.fingerprint:
        return "it was changed since"
    if not reachable:
        return f"its commit {entry.merge_commit[:12]} is not in {branch}"
    return None


def record_of_entry(entry: LedgerEntry) -> dict[str, Any]:
    """The JSON object of an entry."""
    return {
        "schema_version": SCHEMA_VERSION,
        "status": "complete",
        "plan": entry.plan,
        "task_id": entry.task_id,
        "fingerprint": entry.fingerprint,
        "merge_commit": entry.merge_commit,
        "branch": entry.branch,
        "plan_id": entry.plan_id,
        "completed_at": entry.completed_at,
    }


def entry_from_record(record: Mapping[str, Any]) -> LedgerEntry:
    """The entry of a JSON object. Raises KeyError, TypeError or ValueError when it is none."""
    keys = ("plan", "task_id", "fingerprint", "merge_commit", "branch", "plan_id", "completed_at")
    values = {key: record[key] for key in keys}
    if not all(isinstance(value, str) and value for value in values.values()):
        raise ValueError("it lacks a value")
    return LedgerEntry(**values)
