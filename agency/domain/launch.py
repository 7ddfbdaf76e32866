"""One start of a runner in the session of its run."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from agency.domain.frozen import frozen


@frozen
class Launch:
    """The last start of a runner, written before tmux is asked and completed after it answered.

    ``number`` counts from 1. ``agent`` is the name of the runner's adapter and ``known_by`` where agency has that from (``built
    in``, ``config``, ``entry point``); ``thread_pattern`` and ``state_patterns`` are what the config said of it then, so that
    looking needs no config. ``copies`` is the conversation of another run that it begins a copy of, under an id of the agent's
    choice. ``worktree`` is where the worktree stood. ``socket`` is the tmux socket: a name as for ``tmux -L``,
    or a path. ``server_pid`` and ``server_started`` are None while tmux has not answered. ``epoch`` is seconds since 1970 at
    the start, ``grace`` the seconds that the runner has to outlive before the launch counts as good. ``headless``: a worker
    stands in the pane, and starts the runner itself.
    """

    number: int
    socket: str
    runner: str
    agent: str
    worktree: str
    started_at: str
    epoch: float
    grace: float
    boot_id: str
    server_pid: int | None = None
    server_started: str | None = None
    pane_id: str | None = None
    pane_pid: int | None = None
    pane_started: str | None = None
    known_by: str = "built in"
    thread_pattern: str | None = None
    state_patterns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headless: bool = False
    copies: str | None = None


def launch_from_record(record: Mapping[str, Any]) -> Launch:
    """The launch of a ``session.json`` object. Raises KeyError, TypeError or ValueError when it is not one."""
    return Launch(
        number=int(record["launch"]),
        socket=str(record["socket"]),
        runner=str(record["runner"]),
        agent=str(record.get("agent", "command")),
        worktree=str(record.get("worktree", "")),
        started_at=str(record["started_at"]),
        epoch=float(record["epoch"]),
        grace=float(record["grace"]),
        boot_id=str(record["boot_id"]),
        server_pid=record.get("server_pid"),
        server_started=record.get("server_started"),
        pane_id=record.get("pane_id"),
        pane_pid=record.get("pane_pid"),
        pane_started=record.get("pane_started"),
        known_by=str(record.get("known_by", "built in")),
        thread_pattern=str(record["thread_pattern"]) if record.get("thread_pattern") else None,
        state_patterns={
            str(state): tuple(str(pattern) for pattern in patterns)
            for state, patterns in dict(record.get("state_patterns") or {}).items()
        },
        headless=bool(record.get("headless")),
        copies=str(record["copies"]) if record.get("copies") else None,
    )


def record_of_launch(launch: Launch) -> dict[str, Any]:
    """The ``session.json`` object of a launch."""
    return {
        "schema_version": "1.0",
        "launch": launch.number,
        "socket": launch.socket,
        "runner": launch.runner,
        "agent": launch.agent,
        "worktree": launch.worktree,
        "started_at": launch.started_at,
        "epoch": launch.epoch,
        "grace": launch.grace,
        "boot_id": launch.boot_id,
        "server_pid": launch.server_pid,
        "server_started": launch.server_started,
        "pane_id": launch.pane_id,
        "pane_pid": launch.pane_pid,
        "pane_started": launch.pane_started,
        "known_by": launch.known_by,
        "thread_pattern": launch.thread_pattern,
        "state_patterns": {state: list(patterns) for state, patterns in launch.state_patterns.items()},
        **({"headless": True} if launch.headless else {}),
        **({"copies": launch.copies} if launch.copies is not None else {}),
    }
