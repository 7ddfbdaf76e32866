"""A run as its record tells it."""

from collections.abc import Iterable, Mapping
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.ids import RepoId, RunId, branch_of, session_of

SCHEMA_VERSION = "1.0"


class RecordInvalid(ValueError):
    """A record lacks what every record must have, or has it in the wrong form."""


class RecordNewer(RecordInvalid):
    """A record of a later version of agency, which knows what it means."""


@frozen
class TaskRef:
    """The task of a plan that a run works on; ``number`` is which run of the task it is, from 1."""

    plan_id: str
    task_id: str
    number: int


@frozen
class Run:
    """One run. Timestamps are UTC, RFC 3339 with milliseconds. ``archived``: the record stands in the archive.

    ``merged_at`` is when its work reached another branch for good, ``last_push_commit`` what agency pushed last,
    ``last_report_hash`` the sha256 of the text that agency gave its pull request last. ``headless``: a worker drives the
    runner through a job. ``task`` is what it does for a plan, None for a run of its own.
    """

    run_id: RunId
    repo_id: RepoId
    name: str
    runner: str
    runner_args: tuple[str, ...]
    branch: str
    parent_branch: str
    base_commit: str
    repo_root: str
    git_dir: str
    worktree: str
    created_at: str
    setup_failed: bool
    abandoned: bool
    archived_at: str | None
    merged_at: str | None
    archived: bool
    directory: str
    pr_number: int | None = None
    pr_url: str | None = None
    last_push_at: str | None = None
    last_push_commit: str | None = None
    last_report_hash: str | None = None
    headless: bool = False
    task: TaskRef | None = None

    @property
    def session_name(self) -> str:
        """The name of its tmux session, whether or not there is one."""
        return session_of(self.run_id)


@frozen
class BrokenRun:
    """A run directory whose record cannot be used, and why. ``newer``: a later version of agency can use it."""

    run_id: RunId
    repo_id: RepoId
    reason: str
    archived: bool
    directory: str
    newer: bool = False


def run_from_record(
    record: object, *, run_id: RunId, repo_id: RepoId, directory: str, worktree: str, archived: bool
) -> Run:
    """The run of a ``meta.json`` object. Raises :class:`RecordInvalid` with a plain reason.

    Where the record stands decides its id, and ``worktree`` is derived from the data directory, so that moving that
    directory loses nothing.
    """
    if not isinstance(record, dict):
        raise RecordInvalid("meta.json is not a JSON object")
    version = _text(record, "schema_version")
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise RecordNewer(f"meta.json has schema version {version}, made by a newer agency")
    flags = _mapping(record, "flags")
    archive = _mapping(record, "archive")
    name = _text(record, "name")
    return Run(
        run_id=run_id,
        repo_id=repo_id,
        name=name,
        runner=_text(record, "runner"),
        runner_args=_words(record, "runner_args"),
        branch=str(record.get("branch") or branch_of(name, run_id)),
        parent_branch=_text(record, "parent_branch"),
        base_commit=str(record.get("base_commit") or ""),
        repo_root=str(record.get("repo_root") or ""),
        git_dir=str(record.get("git_dir") or ""),
        worktree=worktree,
        created_at=_text(record, "created_at"),
        setup_failed=bool(flags.get("setup_failed")),
        abandoned=bool(flags.get("abandoned")),
        archived_at=archive.get("archived_at"),
        merged_at=archive.get("merged_at"),
        pr_number=number if isinstance(number := record.get("pr_number"), int) else None,
        pr_url=_optional_text(record, "pr_url"),
        last_push_at=_optional_text(record, "last_push_at"),
        last_push_commit=_optional_text(record, "last_push_commit"),
        last_report_hash=_optional_text(record, "last_report_hash"),
        headless=record.get("mode") == "headless",
        task=_task(record),
        archived=archived,
        directory=directory,
    )


def new_record(
    intent: Mapping[str, Any], *, run_id: RunId, repo_id: RepoId, repo: Mapping[str, str], created_at: str
) -> dict[str, Any]:
    """The ``meta.json`` object of a run that was made as ``intent``, the data of its ``run_create`` event, says. ``repo`` holds
    the ``repo_key``, ``root`` and ``git_dir`` of its repo. Raises KeyError when the event does not tell enough."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "repo_id": repo_id,
        "repo_key": repo["repo_key"],
        "repo_root": repo["root"],
        "git_dir": repo["git_dir"],
        "name": intent["name"],
        "mode": intent.get("mode", "interactive"),
        **({"task": dict(intent["task"])} if intent.get("task") else {}),
        "runner": intent["runner"],
        "runner_args": list(intent.get("runner_args") or ()),
        "parent_branch": intent["parent_branch"],
        "base_commit": intent["base_commit"],
        "branch": intent["branch"],
        "worktree_path": intent["worktree"],
        "tmux_session_name": session_of(run_id),
        "created_at": created_at,
        "flags": {},
    }


def record_from_events(
    events: Iterable[Mapping[str, Any]],
    *,
    run_id: RunId,
    repo_id: RepoId,
    repo: Mapping[str, str],
    worktree: str,
    archived: bool,
) -> dict[str, Any] | None:
    """The ``meta.json`` object of a run as its events (oldest first) tell it; None when they do not tell how it was made.

    ``repo`` is as for :func:`new_record`; ``archived`` says where the record stands.
    """
    record: dict[str, Any] | None = None
    for event in events:
        data = event.get("data")
        if not isinstance(data, dict):
            continue
        if event.get("event") == "run_create" and record is None:
            try:
                intent = {**data, "worktree": worktree}
                created_at = str(event["timestamp"])
                record = new_record(intent, run_id=run_id, repo_id=repo_id, repo=repo, created_at=created_at)
            except KeyError:
                return None
        elif record is None:
            continue
        elif event.get("event") == "rename" and data.get("new"):
            record["name"] = data["new"]
        elif event.get("event") in ("merge_finished", "land_finished"):
            record["archive"] = {"merged_at": str(event.get("timestamp", ""))}
        elif event.get("event") == "restore_finished":
            record["archive"] = {}
        elif event.get("event") in ("pr_created", "pr_body_synced", "push_finished"):
            record |= {key: data[key] for key in ("pr_number", "pr_url") if key in data}
            if event.get("event") == "push_finished" and data.get("commit"):
                record |= {"last_push_commit": data["commit"], "last_push_at": str(event.get("timestamp", ""))}
        elif event.get("event") == "clean_started" and archived:
            merged = record.get("archive", {}).get("merged_at")
            record["flags"] = {} if merged else {"abandoned": True}
            record["archive"] = {**record.get("archive", {}), "archived_at": str(event.get("timestamp", ""))}
    return record


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value:
        raise RecordInvalid(f"meta.json has no {key}")
    return value


def _optional_text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) and value else None


def _words(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = record.get(key) or []
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise RecordInvalid(f"meta.json has {key} that is not a list of words")
    return tuple(value)


def _mapping(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _task(record: Mapping[str, Any]) -> TaskRef | None:
    task = record.get("task")
    if not isinstance(task, dict):
        return None
    return TaskRef(plan_id=str(task["plan_id"]), task_id=str(task["task_id"]), number=int(task["number"]))
