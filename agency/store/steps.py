"""The checkpoints of steps on disk: a record and a patch each. A record that is there has its patch."""

import os
import re

from agency.domain.stepcheckpoint import StepCheckpoint, record_of_step, step_from_record
from agency.store.failures import told_plainly
from agency.store.jobfiles import inside, step_patch, step_record
from agency.store.records import discard, make_directory, read_record, sync_directory, write_file, write_record

_NAME = re.compile(r"step-(\d{4,})((?:\.superseded-\d+)?)\.json")


def write_step(directory: str, checkpoint: StepCheckpoint, patch: bytes, *, label: str = "") -> None:
    """Write the patch, then the record, each durably. Raises E_DISK_FULL or E_STORE_FAILED."""
    for path in (step_patch(directory, checkpoint.index, label), step_record(directory, checkpoint.index, label)):
        make_directory(os.path.dirname(path))
    write_file(step_patch(directory, checkpoint.index, label), patch)
    write_record(step_record(directory, checkpoint.index, label), record_of_step(checkpoint))


def read_step(directory: str, index: int, label: str = "") -> StepCheckpoint | None:
    """The checkpoint of a step; None when there is no record. Raises ValueError for one that cannot be used."""
    try:
        return step_from_record(read_record(step_record(directory, index, label)))
    except FileNotFoundError:
        return None


def read_patch(directory: str, index: int, label: str = "") -> bytes | None:
    """The patch of a step; None when there is none."""
    try:
        with open(step_patch(directory, index, label), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def step_labels(directory: str) -> list[tuple[int, str]]:
    """Every record there is: the step, and what its name is labelled with (empty: it counts), by step and label."""
    try:
        names = os.listdir(inside(directory, "state/steps"))
    except FileNotFoundError:
        return []
    found = [match.groups() for name in names if (match := _NAME.fullmatch(name))]
    return sorted((int(index), label) for index, label in found)


def relabel_step(directory: str, checkpoint: StepCheckpoint, label: str) -> None:
    """Give the checkpoint that counts for its step the label and status of ``checkpoint``, so that another can take its place.

    Repeating it after a kill is safe. Raises E_DISK_FULL or E_STORE_FAILED.
    """
    index = checkpoint.index
    old, new = step_patch(directory, index), step_patch(directory, index, label)
    with told_plainly("setting a checkpoint aside", old):
        if os.path.lexists(old):
            discard(new)
            os.link(old, new)
            sync_directory(os.path.dirname(new))
        write_record(step_record(directory, index, label), record_of_step(checkpoint))
        discard(step_record(directory, index))
        sync_directory(os.path.dirname(step_record(directory, index)))
        discard(old)
