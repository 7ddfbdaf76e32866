"""The shapes of the data of events that tell of checkpoints and of worktrees rebuilt from them."""

from typing import TypedDict

from agency.domain.eventdata import Operator


class CheckpointSaved(TypedDict):
    """The whole worktree was kept as checkpoint ``number``: ``commit`` under ``ref``. ``left_out`` are untracked files that
    looked like secrets."""

    number: int
    ref: str
    commit: str
    reason: str
    left_out: list[str]


class CheckpointRestoreStarted(TypedDict):
    """The files of the worktree are about to be made those of checkpoint ``number``."""

    number: int
    commit: str
    operator: Operator


class CheckpointRestoreFinished(TypedDict):
    """They are; what they were before is checkpoint ``kept``."""

    number: int
    kept: int


class HardResetStarted(TypedDict):
    """A worktree is about to be built from ``base_commit`` and the checkpoints of the steps before ``step_index``, to take the
    place of the one that is there. ``number`` counts the hard resets of the run from 1, ``trigger`` tells who wanted it."""

    number: int
    step_index: int
    base_commit: str
    trigger: str
    operator: Operator


class HardResetSwapped(TypedDict):
    """The new worktree stands in the place of the old one, which was moved to ``evidence`` and is kept under ``ref``; the branch
    is at ``head``."""

    number: int
    head: str
    evidence: str
    ref: str | None


class HardResetFinished(TypedDict):
    """The new worktree is ready for work."""

    number: int
    duration_ms: int
