"""Where the files of a headless run are in its directory. Steps count from 0, attempts and resets from 1."""

import os

from agency.domain.errors import AgencyError


def inside(directory: str, name: str) -> str:
    """The path of ``name``, which is relative, in ``directory``. Raises E_STORE_FAILED for one that leads out of it."""
    path = os.path.normpath(f"{directory}/{name}")
    if (
        not name
        or os.path.isabs(name)
        or "\0" in name
        or ".." in name.split("/")
        or path == os.path.normpath(directory)
    ):
        raise AgencyError("E_STORE_FAILED", f"{name!r} is no file in {directory}", path=directory)
    return path


def step_patch(directory: str, index: int, label: str = "") -> str:
    """The patch of a step. ``label`` tells one that no longer counts from the one that does."""
    return inside(directory, f"patches/steps/step-{_number(index)}{label}.patch")


def step_record(directory: str, index: int, label: str = "") -> str:
    """The record of the checkpoint of a step."""
    return inside(directory, f"state/steps/step-{_number(index)}{label}.json")


def attempt_record(directory: str, index: int, attempt: int) -> str:
    """The record of an attempt of a step."""
    return inside(directory, f"state/self_heal/attempt-{_number(index)}-{_number(attempt)}.json")


def reset_record(directory: str, number: int) -> str:
    """The record of a hard reset."""
    return inside(directory, f"state/self_heal/reset-{_number(number)}.json")


def reset_evidence(directory: str, number: int) -> str:
    """Where the worktree that a hard reset replaced is kept."""
    return inside(directory, f"evidence/reset-{_number(number)}")


def superseded_label(number: int) -> str:
    """What the files of a checkpoint that no longer counts have in their names."""
    return f".superseded-{number}"


def _number(value: int) -> str:
    if value < 0:
        raise AgencyError("E_STORE_FAILED", f"{value} is not the number of a step, an attempt or a reset")
    return f"{value:04d}"
