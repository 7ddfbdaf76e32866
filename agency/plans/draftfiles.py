"""The files of a plan that are drafted: what is there, and bringing them to what was drafted now. What of a person's has to go is
kept aside."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence

from agency.domain.errors import AgencyError
from agency.domain.planner import Change

INDEX, ANSWER, REPLACED = "_plan.json", "_draft.json", "replaced"
"""In the directory of a plan: what was drafted, what the planner said, and what of a person's was replaced."""

Files = Mapping[str, str]
"""The files of a task: name -> text."""


def carry_out(
    directory: str, places: Mapping[str, str], tasks: Mapping[str, Files], told: Sequence[Change]
) -> str | None:
    """Bring the files of the plan to what was drafted; where a person's files are that had to go, None where there were none."""
    kept = f"{directory}/{REPLACED}/{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    any_kept = False
    for change in told:
        place = places.get(change.directory, f"{directory}/tasks/{change.directory}")
        if change.what in ("changed", "removed"):
            if change.by_hand:
                _keep(place, f"{kept}/{change.directory}")
                any_kept = True
            else:
                _remove(place)
        if change.what in ("made", "changed"):
            for name, text in tasks[change.directory].items():
                write_text(f"{place}/{name}", text)
    return kept if any_kept else None


def drafted_before(directory: str) -> dict[str, dict[str, str]]:
    """The digests of the files of each task as they were drafted last."""
    try:
        with open(f"{directory}/{INDEX}", encoding="utf-8") as file:
            return {str(one["dir"]): dict(one["files"]) for one in json.load(file)["tasks"]}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def digests_of(files: Mapping[str, str]) -> dict[str, str]:
    """What tells the files of a task from others: name -> digest."""
    return {name: hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest() for name, text in files.items()}


def files_in(directory: str) -> dict[str, str]:
    """Every file below a directory of a task, by its path in it."""
    found = {}
    for place, _, names in os.walk(directory):
        for name in names:
            with open(f"{place}/{name}", encoding="utf-8", errors="surrogateescape") as file:
                found[os.path.relpath(f"{place}/{name}", directory)] = file.read()
    return found


def as_json_text(value: object) -> str:
    """A value as people read it."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_text(path: str, text: str) -> None:
    """Write a file so that nobody sees half of it. Raises E_STORE_FAILED."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise _unwritten(path, error) from error


def _keep(place: str, aside: str) -> None:
    try:
        os.makedirs(os.path.dirname(aside), exist_ok=True)
        os.rename(place, aside)
    except OSError as error:
        raise _unwritten(aside, error) from error


def _remove(place: str) -> None:
    """Remove a directory in which nothing is but what was drafted."""
    try:
        shutil.rmtree(place)
    except OSError as error:
        raise _unwritten(place, error) from error


def _unwritten(path: str, error: OSError) -> AgencyError:
    return AgencyError(
        "E_STORE_FAILED", f"{path} cannot be written: {error.strerror}", hint="make it writable", path=path
    )
