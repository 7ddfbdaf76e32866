"""What must hold after any kill, looked at through files, git, tmux and the process table, never through agency's own code.

``agency ls`` is asked only where what it says is what is judged. Every function raises AssertionError with what it saw.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from internal_tests.support.audit import check_event_logs
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

RUNNER = ("sleep", "86399")
"""The argv of the runner in these tests, which no other process of a world has."""

_RUN_ID = re.compile(r"\d{14}-[0-9a-f]{4}")
_CLOSING = {
    "run_create": {"run_created", "run_create_failed", "session_start", "resume_create", "resume_restart"},
    "clean_started": {"clean_finished", "clean_failed"},
    "restore_started": {"restore_finished", "restore_failed"},
    "land_started": {"land_finished", "land_failed"},
    "push_started": {"push_finished", "push_failed"},
    "merge_started": {"merge_finished", "merge_failed"},
    "checkpoint_restore_started": {"checkpoint_restore_finished", "checkpoint_restore_failed"},
    "hard_reset_started": {"hard_reset_finished", "hard_reset_failed"},
}
_HEALTHY = ("active", "working", "needs input", "blocked", "stalled")
_UNDER_WAY = {
    "run_create": "create",
    "clean_started": "clean",
    "restore_started": "restore",
    "land_started": "land",
    "push_started": "push",
    "merge_started": "merge",
    "checkpoint_restore_started": "checkpoint",
    "hard_reset_started": "hard reset",
}


def check_always(world: World, *, git_died: bool = False) -> list[dict[str, Any]]:
    """What holds at any moment, however agency was ended: whole records, events in order, the user's checkout untouched and
    his git at work, at most one runner for each run, and a list that tells the truth, which is returned.

    ``git_died``: git was killed too, and its own ``worktree list`` may stumble until the next command of agency.
    """
    check_records(world)
    check_event_logs(world.data)
    told = world.git("status", "--porcelain", "--branch")
    if told != "## main":  # a land that was killed while it moved the checkout is known, and finished by the next
        landing = [path for path in run_directories(world) if half_done(path) == "land"]
        assert landing, f"the user's checkout was changed: {told}"
    rows = world.runs()
    check_list(world, rows)
    check_known(world, rows)
    if not git_died:
        world.git("worktree", "list")
    return rows


def check_records(world: World) -> None:
    """Every record that a reader can come upon is whole."""
    for path in [*world.data.glob("repos/*/*.json"), *world.data.glob("repos/*/*/*/*.json")]:
        if path.parts[-3] in ("runs", "archive") and not _RUN_ID.fullmatch(path.parent.name):
            continue
        assert isinstance(json.loads(path.read_text()), dict), f"{path} is not a record"
    for directory in run_directories(world):
        assert (directory / "meta.json").exists(), f"{directory} has no meta.json"


def run_directories(world: World) -> list[Path]:
    """Where the records of runs stand, archived ones too."""
    places = [*world.data.glob("repos/*/runs/*"), *world.data.glob("repos/*/archive/*")]
    return [path for path in places if _RUN_ID.fullmatch(path.name)]


def data_of(directory: Path, name: str) -> list[dict[str, Any]]:
    """The data of the events of that name in the log of a run, passing over lines that a kill tore."""
    found = []
    for line in (directory / "events.jsonl").read_bytes().split(b"\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event["event"] == name:
            found.append(event["data"])
    return found


def half_done(directory: Path) -> str | None:
    """The operation that the events of a run leave open, or None."""
    operation = None
    for line in (directory / "events.jsonl").read_bytes().split(b"\n"):
        try:
            name = json.loads(line)["event"]
        except (ValueError, KeyError):
            continue
        if name in _CLOSING:
            operation = name
        elif operation is not None and name in _CLOSING[operation]:
            operation = None
    return _UNDER_WAY[operation] if operation is not None else None


def check_list(world: World, rows: list[dict[str, Any]]) -> None:
    """``agency ls`` shows every record once, calls what is half-done interrupted and only a living runner active."""
    by_id = {row["run_id"]: row for row in rows}
    directories = {path.name: path for path in run_directories(world)}
    assert len(rows) == len(by_id), "agency ls shows a run twice"
    assert by_id.keys() == directories.keys(), f"agency ls shows {sorted(by_id)}, on disk are {sorted(directories)}"
    alive = {run_id for run_id, row in by_id.items() if row["runner_alive"]}
    wait_for(lambda: alive <= set(dict(runners(world))), f"a runner of each run that is shown alive: {sorted(alive)}")
    living = dict(runners(world))
    for run_id, row in by_id.items():
        status = row["derived_status"]
        operation = half_done(directories[run_id])
        assert row["archived"] == (directories[run_id].parent.name == "archive")
        if operation is not None:
            assert status == f"interrupted ({operation})", f"half-done ({operation}), but shown as {status}"
            assert row["summary"], "shown without what finishes it"
        elif run_id in alive:
            assert row["worktree_present"], f"shown as {status} without a worktree"
        else:
            assert status not in _HEALTHY, f"shown as {status} without a runner"
            assert not status.startswith("interrupted"), f"nothing is half-done, but it is shown as {status}"
            assert run_id not in living, f"shown as {status} with a living runner"


def check_known(world: World, rows: list[dict[str, Any]]) -> None:
    """Whatever exists belongs to a run that ``agency ls --all`` shows: worktrees, entries, branches, sessions, runners, of
    the last two at most one for a run."""
    ids = {row["run_id"] for row in rows}
    for path in worktrees(world):
        assert path.name.partition(".")[0] in ids, f"worktree of an unknown run: {path}"
    for entry in entries(world):
        assert entry.name.removesuffix(".land") in ids, f"git worktree entry of an unknown run: {entry}"
    unknown = set(agency_branches(world)) - {row["branch"] for row in rows}
    assert not unknown, f"branches of unknown runs: {unknown}"
    sessions = [session.removeprefix("agency_") for session in world.sessions()]
    assert len(sessions) == len(set(sessions)), f"several sessions of one run: {sessions}"
    assert set(sessions) <= ids, f"sessions of unknown runs: {set(sessions) - ids}"
    running = [run_id for run_id, _ in runners(world)]
    assert len(running) == len(set(running)), f"several runners of one run: {running}"
    assert set(running) <= ids, f"runners of unknown runs: {set(running) - ids}"


def check_nothing_left(world: World) -> None:
    """After every run was cleaned: no worktree, entry, session, process, lock file or debris; a branch only for a record."""
    assert worktrees(world) == [], f"worktrees left: {worktrees(world)}"
    assert entries(world) == [], f"git worktree entries left: {entries(world)}"
    assert len(world.git("worktree", "list").splitlines()) == 1
    archived = {str(json.loads((path / "meta.json").read_text())["branch"]) for path in run_directories(world)}
    assert set(agency_branches(world)) <= archived, f"branches left: {set(agency_branches(world)) - archived}"
    wait_for(lambda: not world.processes(), f"the end of {[_told(one) for one in world.processes()]}", timeout=10.0)
    assert world.sessions() == [], f"sessions left: {world.sessions()}"
    assert lock_files(world) == [], f"lock files in .git: {lock_files(world)}"
    assert debris(world) == [], f"debris: {debris(world)}"


def lock_files(world: World) -> list[str]:
    """Lock files of git anywhere in the repository."""
    return sorted(str(path.relative_to(world.repo)) for path in (world.repo / ".git").rglob("*.lock"))


def debris(world: World) -> list[str]:
    """Half-made things that nobody will ever use."""
    found = [
        *world.data.rglob("*.tmp"),
        *world.data.rglob(".new-*"),
        *(world.repo / ".git").rglob("*tmp*"),
    ]
    return sorted(str(path.relative_to(world.root)) for path in found if "objects" not in path.parts)


def agency_branches(world: World) -> list[str]:
    """The branches that agency made."""
    return world.git("for-each-ref", "--format=%(refname:short)", "refs/heads/agency").split()


def worktrees(world: World) -> list[Path]:
    """The worktrees on disk."""
    return sorted(world.data.glob("repos/*/worktrees/*"))


def entries(world: World) -> list[Path]:
    """What git keeps about worktrees besides the main one."""
    return sorted((world.repo / ".git" / "worktrees").glob("*"))


def runners(world: World) -> Iterator[tuple[str, int]]:
    """The living runners: of which run, and their process id."""
    for process in world.processes():
        try:
            if process.cmdline()[1:] == [RUNNER[1]]:
                yield process.environ().get("AGENCY_RUN_ID", ""), process.pid
        except psutil.Error:
            continue


def _told(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return str(process.pid)
