"""A hard reset: the worktree of a run is rebuilt from the commit that the run began from and the checkpoints of its steps, and
takes the place of the one that is there. Told so far that whoever comes after a kill can finish or undo it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agency.domain.frozen import frozen

SCHEMA_VERSION = "v1"
BUILDING, SWAPPING, SWAPPED, DONE, FAILED = "building", "swapping", "swapped", "done", "failed"
"""How far it is: nothing but the new tree was touched; the new one is taking the place of the old; it has, and is being made
ready; it is ready; nothing came of it and the old tree is as it was."""


@frozen
class Replayed:
    """A step whose patch was replayed: its index from 0, what tells its tree, and the hash of its patch."""

    index: int
    diff_hash: str | None
    patch_sha256: str


@frozen
class Reset:
    """One hard reset, ``number`` of its run counted from 1, after which step ``step_index`` is done.

    The branch goes from ``old_head`` (None: it is not there) to ``head``. ``kept`` is the ref of the checkpoint of the old
    worktree, None before there is one. ``seconds`` is how long building and swapping took. ``error_code`` is why it failed, or
    why the new worktree could not be made ready.
    """

    number: int
    phase: str
    trigger: str
    command_id: str | None
    step_index: int
    base_commit: str
    tree: str
    head: str
    old_head: str | None
    replayed: tuple[Replayed, ...]
    kept: str | None
    started_at: str
    seconds: float | None = None
    error_code: str | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is left to be done."""
        return self.phase in (DONE, FAILED)

    def at(self, phase: str, *, kept: str | None = None, error_code: str | None = None) -> "Reset":
        """The same, so far."""
        return replace(self, phase=phase, kept=kept or self.kept, error_code=error_code)


def record_of_reset(reset: Reset) -> dict[str, Any]:
    """The ``reset-NNNN.json`` object of a hard reset."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "number": reset.number,
        "phase": reset.phase,
        "trigger": reset.trigger,
        "commandId": reset.command_id,
        "stepIndex": reset.step_index,
        "baseCommit": reset.base_commit,
        "tree": reset.tree,
        "head": reset.head,
        "oldHead": reset.old_head,
        "replayedSteps": [
            {"index": step.index, "diffHash": step.diff_hash, "patchSha256": step.patch_sha256}
            for step in reset.replayed
        ],
        "kept": reset.kept,
        "startedAt": reset.started_at,
        "seconds": reset.seconds,
        "errorCode": reset.error_code,
    }


def reset_from_record(record: Mapping[str, Any]) -> Reset:
    """The hard reset of a ``reset-NNNN.json`` object. Raises KeyError, TypeError or ValueError when it is none."""
    return Reset(
        number=int(record["number"]),
        phase=str(record["phase"]),
        trigger=str(record["trigger"]),
        command_id=record.get("commandId"),
        step_index=int(record["stepIndex"]),
        base_commit=str(record["baseCommit"]),
        tree=str(record["tree"]),
        head=str(record["head"]),
        old_head=record.get("oldHead"),
        replayed=tuple(
            Replayed(
                index=int(step["index"]), diff_hash=step.get("diffHash"), patch_sha256=str(step.get("patchSha256"))
            )
            for step in record["replayedSteps"]
        ),
        kept=record.get("kept"),
        started_at=str(record["startedAt"]),
        seconds=record.get("seconds"),
        error_code=record.get("errorCode"),
    )
