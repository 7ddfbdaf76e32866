"""Identifiers: their forms and how one follows from another."""

import re
from typing import NewType

RunId = NewType("RunId", str)
RepoId = NewType("RepoId", str)
PlanId = NewType("PlanId", str)

NAME_MIN, NAME_MAX = 2, 40
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RUN_ID = re.compile(r"[0-9]{14}-[0-9a-f]{4}")
_RUN_ID_PREFIX = re.compile(r"[0-9]{4,14}|[0-9]{14}-[0-9a-f]{0,4}")

NAME_RULE = (
    f"{NAME_MIN} to {NAME_MAX} characters: lower-case letters, digits and single hyphens, starting with a letter"
)


def is_valid_name(name: str) -> bool:
    """Whether ``name`` may name a run."""
    return NAME_MIN <= len(name) <= NAME_MAX and _NAME.fullmatch(name) is not None


def is_run_id(text: str) -> bool:
    """Whether ``text`` has the form of a whole run id."""
    return _RUN_ID.fullmatch(text) is not None


def is_run_id_prefix(text: str) -> bool:
    """Whether ``text`` could be the beginning of a run id (at least 4 characters) or a whole one."""
    return _RUN_ID_PREFIX.fullmatch(text) is not None


def make_run_id(utc_seconds: str, random_hex: str) -> RunId:
    """The run id made at ``utc_seconds`` (``YYYYMMDDHHMMSS``, UTC) with four random hex digits."""
    run_id = f"{utc_seconds}-{random_hex}"
    if not is_run_id(run_id):
        raise ValueError(f"not a run id: {run_id}")
    return RunId(run_id)


def branch_of(name: str, run_id: RunId) -> str:
    """The branch of a run: ``agency/<name>-<last four of the id>``."""
    return f"agency/{name}-{run_id[-4:]}"


def session_of(run_id: RunId) -> str:
    """The tmux session name of a run. Holds no character that tmux would rewrite or read as a target."""
    return f"agency_{run_id}"


def run_of_session(session_name: str) -> RunId | None:
    """The run a session name belongs to, or None when the name is not one of ours."""
    run_id = session_name.removeprefix("agency_")
    return RunId(run_id) if run_id != session_name and is_run_id(run_id) else None


def name_from_text(text: str) -> str | None:
    """A valid name made from the first words of ``text``, or None when it holds no usable word."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    while words and not words[0][0].isalpha():
        words.pop(0)
    name = ""
    for word in words[:6]:
        longer = f"{name}-{word}" if name else word
        if len(longer) > NAME_MAX - 8:
            break
        name = longer
    return name if is_valid_name(name) else None
