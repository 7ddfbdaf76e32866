"""The checkpoint of a step: the tree that the step left behind, told so that it can be rebuilt exactly from the tree before it
and a patch."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from agency.domain.frozen import frozen

SCHEMA_VERSION = "v1"
VALID, SUPERSEDED = "valid", "superseded"
"""It counts; its step is being done again."""


@frozen
class StepFile:
    """A file that the step changed: see :class:`agency.tools.git.changes.FileChange`."""

    path: str
    op: str
    mode: str | None
    blob: str | None


@frozen
class StepCheckpoint:
    """What a step left behind.

    ``index`` counts steps from 0, ``attempt`` the attempts of the step and ``job_attempt`` those of the job from 1. The patch
    leads from ``before_tree`` to ``after_tree``; ``head`` is where the branch was, ``base_commit`` where the run began.
    ``left_out`` are untracked files that looked like secrets. ``finished_at`` is UTC.
    """

    step_id: str
    index: int
    attempt: int
    job_attempt: int
    base_commit: str
    before_tree: str
    after_tree: str
    head: str
    diff_hash: str | None
    files: tuple[StepFile, ...]
    summary: str | None
    finished_at: str
    patch_sha256: str
    patch_bytes: int
    patch_format: str
    signature_version: int
    contains_secret: bool
    left_out: tuple[str, ...]
    status: str = VALID

    @property
    def changed_files(self) -> tuple[str, ...]:
        """The paths of the files, by their bytes."""
        return tuple(file.path for file in self.files)

    def with_status(self, status: str) -> "StepCheckpoint":
        """The same, which counts or no longer does."""
        return replace(self, status=status)


def diff_hash(before_tree: str, after_tree: str) -> str | None:
    """What tells one state of a worktree from another: its tree, or None when it is as it was."""
    return None if before_tree == after_tree else f"tree:{after_tree}"


def record_of_step(checkpoint: StepCheckpoint) -> dict[str, Any]:
    """The ``step-NNNN.json`` object of a checkpoint."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "stepId": checkpoint.step_id,
        "stepIndex": checkpoint.index,
        "attempt": checkpoint.attempt,
        "jobAttempt": checkpoint.job_attempt,
        "status": checkpoint.status,
        "baseCommit": checkpoint.base_commit,
        "beforeTree": checkpoint.before_tree,
        "afterTree": checkpoint.after_tree,
        "head": checkpoint.head,
        "diffHash": checkpoint.diff_hash,
        "changedFiles": list(checkpoint.changed_files),
        "files": [asdict(file) for file in checkpoint.files],
        "summary": checkpoint.summary,
        "finishedAt": checkpoint.finished_at,
        "patchSha256": checkpoint.patch_sha256,
        "patchBytes": checkpoint.patch_bytes,
        "patchFormat": checkpoint.patch_format,
        "signatureVersion": checkpoint.signature_version,
        "containsSecret": checkpoint.contains_secret,
        "leftOut": list(checkpoint.left_out),
    }


def step_from_record(record: object) -> StepCheckpoint:
    """The checkpoint of a ``step-NNNN.json`` object. Raises ValueError with a plain reason."""
    if not isinstance(record, dict):
        raise ValueError("it is not a JSON object")
    if record.get("schemaVersion") != SCHEMA_VERSION:
        raise ValueError(f"it has schemaVersion {record.get('schemaVersion')!r}, and {SCHEMA_VERSION!r} is known")
    checkpoint = StepCheckpoint(
        step_id=_text(record, "stepId"),
        index=_number(record, "stepIndex"),
        attempt=_number(record, "attempt"),
        job_attempt=_number(record, "jobAttempt"),
        status=_text(record, "status"),
        base_commit=_text(record, "baseCommit"),
        before_tree=_text(record, "beforeTree"),
        after_tree=_text(record, "afterTree"),
        head=_text(record, "head"),
        diff_hash=_optional(record, "diffHash"),
        files=tuple(_file(entry) for entry in _list(record, "files")),
        summary=_optional(record, "summary"),
        finished_at=_text(record, "finishedAt"),
        patch_sha256=_text(record, "patchSha256"),
        patch_bytes=_number(record, "patchBytes"),
        patch_format=_text(record, "patchFormat"),
        signature_version=_number(record, "signatureVersion"),
        contains_secret=record.get("containsSecret") is not False,
        left_out=tuple(str(path) for path in _list(record, "leftOut")),
    )
    if list(checkpoint.changed_files) != _list(record, "changedFiles"):
        raise ValueError("changedFiles are not the paths of files")
    return checkpoint


@frozen
class Fault:
    """Why a chain of checkpoints cannot be used: at which step, what of it, and what was there instead of what had to be."""

    index: int
    what: str
    expected: str
    found: str


def fault_in_chain(chain: Mapping[int, StepCheckpoint], *, upto: int, base_commit: str, base_tree: str) -> Fault | None:
    """The first reason why the steps before ``upto`` cannot be rebuilt from ``base_tree``, the tree of ``base_commit``; None when
    they can as far as their records tell. Of ``chain`` only the steps before ``upto`` are looked at."""
    tree = base_tree
    for index in range(upto):
        checkpoint = chain.get(index)
        if checkpoint is None:
            return Fault(index=index, what="the checkpoint", expected="a checkpoint", found="none")
        must: tuple[tuple[str, object, object], ...] = (
            ("status", VALID, checkpoint.status),
            ("stepIndex", index, checkpoint.index),
            ("baseCommit", base_commit, checkpoint.base_commit),
            ("beforeTree", tree, checkpoint.before_tree),
            ("diffHash", diff_hash(checkpoint.before_tree, checkpoint.after_tree), checkpoint.diff_hash),
        )
        for what, expected, found in must:
            if expected != found:
                return Fault(index=index, what=what, expected=str(expected), found=str(found))
        tree = checkpoint.after_tree
    return None


def _file(entry: object) -> StepFile:
    if not isinstance(entry, dict):
        raise ValueError("files holds what is not an object")
    return StepFile(
        path=_text(entry, "path"),
        op=_text(entry, "op"),
        mode=_optional(entry, "mode"),
        blob=_optional(entry, "blob"),
    )


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"it has no {key}")
    return value


def _optional(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"its {key} is not a text")
    return value


def _number(record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"it has no {key}")
    return value


def _list(record: Mapping[str, Any], key: str) -> list[Any]:
    value = record.get(key)
    if not isinstance(value, list):
        raise ValueError(f"it has no {key}")
    return value
