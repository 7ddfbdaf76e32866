"""Taking up a land that was interrupted: finished when its branch was being moved, undone otherwise."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.events import LAND_FAILED
from agency.domain.ids import RepoId
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.finished import note_landed
from agency.sessions.landing import discard_landing
from agency.sessions.remove import clear_way
from agency.sessions.whole import require_idle
from agency.store.locks import RepoLock, repo_lock
from agency.store.runs import log_of
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.leftovers import clear_lock
from agency.tools.git.target import checkouts_of, finish_move, is_half_moved
from agency.tools.git.worktree import resolve
from agency.tools.signals import shielded


def turn_to_land(context: Context, repo_id: RepoId) -> AbstractContextManager[RepoLock]:
    """Wait until nobody else lands in the repo, however long their verify scripts take."""
    path = context.paths.landing_lock(repo_id)
    return repo_lock(path, command=context.command, timeout=math.inf, tell=context.tell, what="the turn to land")


def settle_land(context: Context, run: Run, repo: Repo) -> Run:
    """Finish or undo an interrupted land; the run as it then is, with ``merged_at`` when the target holds its work.

    Where the checkout of the target was half moved and changed by hand since, it stays as it is: the next land names it.
    """
    with turn_to_land(context, run.repo_id), shielded():
        discard_landing(context, run, repo)
        with context.lock(run.repo_id) as lock:
            journal = fold(log_of(run).read())
            require_idle(run, journal)
            if journal.operation is None or journal.operation.kind != "land":
                return run
            started, moving = _steps(run)
            target = str(started.get("target", run.parent_branch))
            git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
            clear_way(context, run, git, f"refs/heads/{target}")
            for place in checkouts_of(git, target):
                _clear_locks(git, place)
            if moving is None or not _is_moved(context, run, git, moving):
                failed = LAND_FAILED({"error_code": "E_INTERRUPTED", "step": journal.operation.step})
                log_of(run).append(failed, durable=True)
                return run
            strategy = str(started.get("strategy", ""))
            return note_landed(context, run, target=target, commit=str(moving["new"]), strategy=strategy)


def _steps(run: Run) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """What the last land was about to do, and the last move that it came to."""
    started: Mapping[str, Any] = {}
    moving: Mapping[str, Any] | None = None
    for event in log_of(run).read():
        data = event.get("data")
        if event["event"] == "land_started" and isinstance(data, dict):
            started, moving = data, None
        elif event["event"] == "land_moving" and isinstance(data, dict) and {"target", "old", "new"} <= data.keys():
            moving = data
    return started, moving


def _clear_locks(git: Git, checkout: str) -> None:
    """Remove what a killed git of ours left in a checkout of the target and would stop every git there."""
    place = discover(checkout)
    if place is None:
        return
    for name in ("index", "HEAD"):
        clear_lock(f"{place.git_dir}/{name}.lock", git_dir=git.git_dir or "", places=(checkout,))


def _is_moved(context: Context, run: Run, git: Git, moving: Mapping[str, Any]) -> bool:
    """Whether the target holds the combined commit; a checkout that was half moved is moved whole first."""
    target, old, new = str(moving["target"]), str(moving["old"]), str(moving["new"])
    tip = resolve(git, f"refs/heads/{target}")
    if tip is None:
        return False
    if git.ask("merge-base", "--is-ancestor", new, tip).code == 0:
        return True
    checkout = moving.get("checkout")
    if tip != old or not isinstance(checkout, str) or checkout not in checkouts_of(git, target):
        return False
    inside = Git(environ=context.environ, tree=checkout, lock_fd=git.lock_fd)
    if not is_half_moved(inside, old=old, new=new):
        return False
    if finish_move(inside, target, old=old, new=new, why=f"agency land {run.name}"):
        return True
    raise AgencyError("E_TARGET_MOVED", f"{target} moved while it was being finished", hint=f"agency land {run.name}")
