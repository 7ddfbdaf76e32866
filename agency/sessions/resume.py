"""``agency resume``: back into the session of a run, which is made, or its runner started again, where needed.

It runs no script, touches no git (but to finish a swap of worktrees that was killed in the middle) and never writes
``meta.json``: one event tells what it did. A living session needs neither
lock nor config; everything that starts a runner is in :mod:`agency.sessions.revive`.
"""

import os
from collections.abc import Callable

from agency.domain.errors import AgencyError
from agency.domain.eventdata import Resume, ResumeFailed
from agency.domain.events import RESUME_ATTACH, RESUME_FAILED, EventKind
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.live import is_starting, look, watch_start
from agency.sessions.place import require_repo_of
from agency.sessions.whole import require_whole
from agency.store.runs import log_of
from agency.tools.tmux.command import Tmux


@frozen
class ResumeRequest:
    """What the user asked for. ``fresh``: where a runner is started, it begins a new conversation. ``confirm`` asks a person
    and is None where nobody can be asked. ``operated``: an operator asked for something that the worker of a headless run is to
    do, also when its job is done."""

    detached: bool
    restart: bool
    yes: bool
    fresh: bool
    confirm: Callable[[str], bool] | None
    operated: bool = False


@frozen
class Resumed:
    """What was done: ``event`` is the name of the event that tells it."""

    run: Run
    event: str
    revived: bool


def resume_run(context: Context, run: Run, request: ResumeRequest) -> Resumed | None:
    """Make sure that the run has a session with a living runner. None: a person was asked and declined.

    Raises E_WORKTREE_MISSING, E_RUN_BUSY, E_RUN_INCOMPLETE, E_RUNNER_EXITED, E_TMUX_FAILED, and where a runner has to be
    started E_INVALID_CONFIG, E_RUNNER_NOT_CONFIGURED, E_RUNNER_NOT_FOUND, E_REPO_LOCKED, E_CONFIRMATION_REQUIRED,
    E_CONSENT_REQUIRED.
    """
    if not os.path.isdir(run.worktree) and _in_hard_reset(run):
        from agency.sessions.hardreset import settle_reset

        settle_reset(
            context, run, require_repo_of(context, run)
        )  # killed while no tree stood in the place of the worktree
    require_resumable(run)
    seen = look(context, run)
    if request.restart or not seen.alive:
        from agency.sessions.revive import revive

        return revive(context, run, request, seen)
    record(run, RESUME_ATTACH, request, seen.launch, revived=False)
    if seen.launch is not None and is_starting(seen.launch):
        watch_start(run, seen.launch, seen.tmux)
    return Resumed(run=run, event=RESUME_ATTACH.name, revived=False)


def _in_hard_reset(run: Run) -> bool:
    """Whether one is under way, or was when its worker ended."""
    operation = fold(log_of(run).read()).operation
    return operation is not None and operation.kind == "hard reset"


def require_resumable(run: Run) -> None:
    """Raise E_WORKTREE_MISSING (and record that resuming failed), E_RUN_BUSY or E_RUN_INCOMPLETE unless there is a whole
    worktree to work in. A hard reset is for the worker to finish: the one that is at it, or the one that is to be started. For
    a moment of one, no tree stands in the place of the worktree."""
    there = os.path.isdir(run.worktree) or _in_hard_reset(run) or os.path.isdir(run.worktree)
    if there and not run.archived:
        require_whole(run, besides="hard reset")
        return
    reason = "archived" if run.archived or run.archived_at is not None else "missing"
    log_of(run).append(RESUME_FAILED({"session_name": run.session_name, "reason": reason}))
    raise AgencyError(
        "E_WORKTREE_MISSING",
        f"run {run.name} is archived" if reason == "archived" else f"the worktree of {run.name} is gone",
        hint=f"agency restore {run.run_id if run.archived else run.name}",
        run_id=run.run_id,
        reason=reason,
        worktree=run.worktree,
    )


def record(run: Run, kind: EventKind[Resume], request: ResumeRequest, launch: Launch | None, *, revived: bool) -> None:
    """Append the event that tells of a successful resume."""
    data: Resume = {
        "session_name": run.session_name,
        "runner": launch.runner if launch is not None else run.runner,
        "detached": request.detached,
        "restart": request.restart,
    }
    if revived:
        data["revived"] = True
    log_of(run).append(kind(data), durable=kind is not RESUME_ATTACH)


def watch_new(run: Run, launch: Launch, tmux: Tmux) -> None:
    """See that a runner just started outlives its grace; record that it did not and raise E_RUNNER_EXITED otherwise."""
    try:
        watch_start(run, launch, tmux)
    except AgencyError as error:
        failed: ResumeFailed = {"session_name": run.session_name, "reason": "runner_exited"}
        if isinstance(code := error.details.get("exit_code"), int):
            failed["exit_code"] = code
        log_of(run).append(RESUME_FAILED(failed), durable=True)
        raise
