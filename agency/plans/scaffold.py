"""The files that a plan begins with."""

import json
import os

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import NAME_RULE, is_valid_name
from agency.domain.repo import Repo
from agency.plans.load import plan_directory_of, settings_files

_PLAN_YAML = """\
# What holds for the plans of this repo: agency plan schema plan prints every key.
version: 1

# Parts of the repo. Tasks that write the same one are never worked on at once.
resources:
  - name: docs
    paths: ["docs/**", "*.md"]
  - name: code
    paths: ["src/**"]

# Judges the whole before anything is merged; it has to fail when ORCH_CANARY is 1, which shows that it looks at all.
doctor: test -z "$ORCH_CANARY"

# How many tasks are worked on at once.
max_parallel: 4
"""

_MANIFEST = {
    "id": "001",
    "name": "first-task",
    "description": "Say what this task brings about",
    "estimated_minutes": 30,
    "locks": {"reads": [], "writes": ["docs"]},
    "files": {"reads": [], "writes": ["docs/**"]},
    "affected_tests": [],
    "test_paths": [],
    "tdd_mode": "off",
    "verify": {"doctor": "true"},
}

_SPEC = """\
# First task

Say here what has to be done, as you would to somebody who has not seen the repo before.
"""


@frozen
class MadeFile:
    """A file of a plan, and whether it was made now."""

    path: str
    made: bool


def make_plan_files(repo: Repo, name: str, *, force: bool) -> list[MadeFile]:
    """Make what a plan begins with; what is there stays, unless ``force``. Raises E_INVALID_NAME, E_STORE_FAILED."""
    if not is_valid_name(name):
        raise AgencyError("E_INVALID_NAME", f"{name!r} cannot name a plan", hint=f"a name has {NAME_RULE}")
    task = f"{plan_directory_of(repo, name)}/tasks/001-first-task"
    files = {
        settings_files(repo, name)[0]: _PLAN_YAML,
        f"{task}/manifest.json": json.dumps(_MANIFEST, indent=2) + "\n",
        f"{task}/spec.md": _SPEC,
    }
    return [MadeFile(path=path, made=_write(path, text, force=force)) for path, text in files.items()]


def is_scaffold(directory: str) -> bool:
    """Whether the task in a directory is the first one of every plan, as it was made."""
    wanted = {"manifest.json": json.dumps(_MANIFEST, indent=2) + "\n", "spec.md": _SPEC}
    try:
        if sorted(os.listdir(directory)) != sorted(wanted):
            return False
        for name, text in wanted.items():
            with open(f"{directory}/{name}", encoding="utf-8") as file:
                if file.read() != text:
                    return False
    except (OSError, UnicodeDecodeError):
        return False
    return True


def _write(path: str, text: str, *, force: bool) -> bool:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise AgencyError(
            "E_STORE_FAILED", f"{path} cannot be written: {error.strerror}", hint="make it writable", path=path
        ) from error
    return True
