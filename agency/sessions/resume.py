"""``agency resume``: back into the session of a run, which is made, or its runner started again, where needed.

It runs no script, touches no git and never writes ``meta.json``: one event tells what it did.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.events import (
    RESUME_ATTACH,
    RESUME_CREATE,
    RESUME_FAILED,
    RESUME_RESTART,
    EventKind,
    Resume,
    ResumeFailed,
)
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.domain.settings import Settings
from agency.runners.resolve import Runner, resolve_runner
from agency.sessions.context import Context
from agency.sessions.launch import start_runner, watch_start
from agency.sessions.observe import live_pane, tmux_of
from agency.sessions.place import config_root
from agency.sessions.processes import end_processes
from agency.sessions.whole import require_whole
from agency.store.launches import read_exit_code
from agency.store.runs import log_of
from agency.tools.tmux.command import Tmux
from agency.tools.tmux.look import Pane, runner_pane
from agency.tools.tmux.sessions import SessionExists

Confirm = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    """What the user asked for. ``confirm`` asks a person and is None where nobody can be asked."""

    detached: bool
    restart: bool
    yes: bool
    confirm: Confirm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What was done: ``event`` is the name of the event that tells it."""

    run: Run
    event: str
    revived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A session as one look found it."""

    launch: Launch | None
    tmux: Tmux
    panes: list[Pane]
    alive: bool

    @property
    def identity(self) -> tuple[str, int, int] | None:
        """What consent to end the runner is bound to."""
        pane = runner_pane(self.panes)
        return (pane.pane_id, pane.pid, pane.server_pid) if self.alive and pane is not None else None


def resume_run(context: Context, run: Run, request: ResumeRequest) -> Resumed | None:
    """Make sure that the run has a session with a living runner. None: a person was asked and declined.

    A live session needs neither lock nor config. Raises E_WORKTREE_MISSING, E_RUN_BUSY, E_RUN_INCOMPLETE,
    E_RUNNER_NOT_CONFIGURED, E_RUNNER_NOT_FOUND, E_CONFIRMATION_REQUIRED, E_RUNNER_EXITED, E_TMUX_FAILED.
    """
    _require_worktree(run)
    require_whole(run)
    seen = _look(context, run)
    if not request.restart and seen.alive:
        return _done(run, seen, seen.launch, RESUME_ATTACH, request)
    while True:
        consent = _consent(run, seen, request) if request.restart else None
        if request.restart and seen.alive and consent is None:
            return None
        settings = load_settings(config_root(context, run), context.paths.config)
        runner = resolve_runner(settings, run.runner, context.environ, directory=run.worktree, extra=run.runner_args)
        with context.lock(run.repo_id):
            _require_worktree(run)
            require_whole(run)
            seen = _look(context, run, settings)
            if not request.restart and seen.alive:
                launch, kind = seen.launch, RESUME_ATTACH
            elif seen.identity is not None and seen.identity != consent and not request.yes:
                continue
            else:
                try:
                    launch = _start(context, run, runner, seen, settings)
                except SessionExists:
                    seen = _look(context, run, settings)
                    continue
                kind = RESUME_RESTART if request.restart else RESUME_CREATE
            _append(run, kind, request, launch, revived=bool(seen.panes) and kind is RESUME_CREATE)
        return _ready(run, seen, launch, kind)


def _look(context: Context, run: Run, settings: Settings | None = None) -> _Seen:
    launch, tmux, panes = live_pane(context, run)
    if not panes and settings is not None:
        tmux = tmux_of(context, None, settings.tmux_socket)
    pane = runner_pane(panes)
    alive = (
        pane is not None and not pane.dead and (launch is None or read_exit_code(run.directory, launch.number) is None)
    )
    return _Seen(launch=launch, tmux=tmux, panes=panes, alive=alive)


def _consent(run: Run, seen: _Seen, request: ResumeRequest) -> tuple[str, int, int] | None:
    """The identity of the runner that may be ended; None when there is none or a person declined."""
    if seen.identity is None or request.yes:
        return seen.identity
    if request.confirm is None:
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"the runner of {run.name} is alive; a restart ends it",
            hint=f"agency resume {run.name} --restart --yes",
            run_id=run.run_id,
        )
    question = f"the runner of {run.name} is alive and will be ended, with everything it started. restart it?"
    return seen.identity if request.confirm(question) else None


def _start(context: Context, run: Run, runner: Runner, seen: _Seen, settings: Settings) -> Launch:
    """End what is left of the last launch and start the runner where its viewers are."""
    panes = seen.panes
    if seen.launch is not None:
        pane = runner_pane(panes)
        end_processes(run, seen.launch, [pane] if pane is not None else [])
        panes = _look(context, run).panes if panes else panes
    return start_runner(context, run, runner, seen.tmux, panes, settings.startup_grace)


def _done(run: Run, seen: _Seen, launch: Launch | None, kind: EventKind[Resume], request: ResumeRequest) -> Resumed:
    _append(run, kind, request, launch, revived=False)
    return _ready(run, seen, launch, kind)


def _append(run: Run, kind: EventKind[Resume], request: ResumeRequest, launch: Launch | None, *, revived: bool) -> None:
    data: Resume = {
        "session_name": run.session_name,
        "runner": launch.runner if launch is not None else run.runner,
        "detached": request.detached,
        "restart": request.restart,
    }
    if revived:
        data["revived"] = True
    log_of(run).append(kind(data), durable=kind is not RESUME_ATTACH)


def _ready(run: Run, seen: _Seen, launch: Launch | None, kind: EventKind[Resume]) -> Resumed:
    """See that a young launch outlives its grace."""
    if launch is not None:
        try:
            watch_start(run, launch, seen.tmux)
        except AgencyError as error:
            if kind is not RESUME_ATTACH:
                failed: ResumeFailed = {"session_name": run.session_name, "reason": "runner_exited"}
                if isinstance(code := error.details.get("exit_code"), int):
                    failed["exit_code"] = code
                log_of(run).append(RESUME_FAILED(failed), durable=True)
            raise
    return Resumed(run=run, event=kind.name, revived=bool(seen.panes) and kind is RESUME_CREATE)


def _require_worktree(run: Run) -> None:
    if os.path.isdir(run.worktree) and not run.archived:
        return
    reason = "archived" if run.archived or run.archived_at is not None else "missing"
    log_of(run).append(RESUME_FAILED({"session_name": run.session_name, "reason": reason}))
    ref = run.run_id if run.archived else run.name
    raise AgencyError(
        "E_WORKTREE_MISSING",
        f"run {run.name} is archived" if reason == "archived" else f"the worktree of {run.name} is gone",
        hint=f"agency restore {ref}",
        run_id=run.run_id,
        reason=reason,
        worktree=run.worktree,
    )
