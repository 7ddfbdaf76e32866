"""The records of runs: listing, loading, making and archiving them."""

import os
from collections.abc import Mapping
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.eventdata import RunCreate
from agency.domain.events import RUN_CREATE
from agency.domain.ids import RepoId, RunId, is_run_id
from agency.domain.run import BrokenRun, RecordInvalid, RecordNewer, Run, run_from_record
from agency.store.eventlog import EventLog
from agency.store.failures import told_plainly
from agency.store.paths import Paths
from agency.store.records import (
    discard_leftovers_in,
    make_directory,
    move_directory,
    patch_record,
    read_record,
    write_record,
)

HIDDEN = ".new-"
"""Before the id of a run in the name of a directory: its record is not there yet, or no longer."""


def list_repo_ids(paths: Paths) -> list[RepoId]:
    """Every repo that has ever had a run."""
    return [RepoId(name) for name in _names(paths.repos)]


def list_runs(paths: Paths, repo_id: RepoId, *, archived: bool = False) -> list[Run | BrokenRun]:
    """The present runs of a repo, or the archived ones, in no particular order. Broken records are among them."""
    place = paths.archive(repo_id) if archived else paths.runs(repo_id)
    return [load_run(paths, repo_id, RunId(name), archived=archived) for name in _names(place) if is_run_id(name)]


def load_run(paths: Paths, repo_id: RepoId, run_id: RunId, *, archived: bool = False) -> Run | BrokenRun:
    """One run; a :class:`BrokenRun` when its record cannot be used."""
    directory = f"{paths.archive(repo_id) if archived else paths.runs(repo_id)}/{run_id}"
    newer = False
    try:
        record = read_record(f"{directory}/meta.json")
        return run_from_record(
            record,
            run_id=run_id,
            repo_id=repo_id,
            directory=directory,
            worktree=paths.worktree(repo_id, run_id),
            archived=archived,
        )
    except FileNotFoundError:
        reason = "meta.json is missing"
    except RecordInvalid as error:
        reason, newer = str(error), isinstance(error, RecordNewer)
    except ValueError:
        reason = "meta.json is not JSON"
    except OSError as error:
        reason = f"meta.json cannot be read: {error.strerror}"
    return BrokenRun(run_id=run_id, repo_id=repo_id, reason=reason, archived=archived, directory=directory, newer=newer)


def log_of(run: Run | BrokenRun) -> EventLog:
    """The event log of a run."""
    task_id = run.task.task_id if isinstance(run, Run) and run.task is not None else None
    return EventLog(directory=run.directory, repo_id=run.repo_id, run_id=run.run_id, task_id=task_id)


def create_record(
    paths: Paths,
    repo_id: RepoId,
    run_id: RunId,
    *,
    meta: Mapping[str, Any],
    intent: RunCreate,
    job: Mapping[str, Any] | None = None,
) -> EventLog:
    """Make the record of a new run, its intent event in it, so that it appears as a whole or not at all.

    ``job`` is the record of its job, when it is headless. Hold the repo lock. Raises E_DISK_FULL or E_STORE_FAILED and leaves
    nothing.
    """
    runs = paths.runs(repo_id)
    make_directory(runs)
    sweep_hidden(runs)
    unborn = f"{runs}/{HIDDEN}{run_id}"
    try:
        make_directory(unborn)
        make_directory(f"{unborn}/logs")
        if job is not None:
            write_record(f"{unborn}/job.json", job)
        write_record(f"{unborn}/meta.json", meta)
        EventLog(directory=unborn, repo_id=repo_id, run_id=run_id).append(RUN_CREATE(intent), durable=True)
        move_directory(unborn, f"{runs}/{run_id}")
    except BaseException:
        _remove(unborn)
        raise
    return EventLog(directory=f"{runs}/{run_id}", repo_id=repo_id, run_id=run_id)


def remove_record(run: Run | BrokenRun) -> None:
    """Remove the record of a run for good; it disappears as a whole. Hold the repo lock."""
    hidden = f"{os.path.dirname(run.directory)}/{HIDDEN}{run.run_id}"
    with told_plainly("removing a record", run.directory):
        os.rename(run.directory, hidden)
        _remove(hidden)


def update_meta(run: Run, patch: Mapping[str, Any]) -> None:
    """Apply a merge patch to the record of a run. Hold the repo lock."""
    with told_plainly("updating the record", run.directory):
        patch_record(f"{run.directory}/meta.json", patch)


def move_to_archive(paths: Paths, run: Run) -> Run:
    """Move the record of a present run into the archive. Hold the repo lock."""
    make_directory(paths.archive(run.repo_id))
    sweep_hidden(paths.runs(run.repo_id))
    discard_leftovers_in(run.directory)
    return _moved(paths, run, f"{paths.archive(run.repo_id)}/{run.run_id}", archived=True)


def move_from_archive(paths: Paths, run: Run) -> Run:
    """Move the record of an archived run back among the present ones. Hold the repo lock."""
    make_directory(paths.runs(run.repo_id))
    return _moved(paths, run, f"{paths.runs(run.repo_id)}/{run.run_id}", archived=False)


def _moved(paths: Paths, run: Run, target: str, *, archived: bool) -> Run:
    move_directory(run.directory, target)
    moved = load_run(paths, run.repo_id, run.run_id, archived=archived)
    if isinstance(moved, BrokenRun):
        raise AgencyError("E_RUN_BROKEN", f"the record of {run.run_id} cannot be read: {moved.reason}")
    return moved


def sweep_hidden(place: str) -> None:
    """Remove what a killed creation left before its record appeared, or a killed removal after it was gone: nothing else of
    the run is there at that time. Hold the repo lock."""
    for name in _names(place):
        if name.startswith(HIDDEN):
            _remove(f"{place}/{name}")


def _remove(path: str) -> None:
    """Remove a hidden directory; what cannot be removed now is swept later."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise AgencyError(
            "E_STORE_FAILED", f"{path} cannot be read: {error.strerror}", hint="agency doctor", path=path
        ) from error
