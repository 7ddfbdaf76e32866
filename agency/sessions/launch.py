"""Starting a runner in the session of its run: made anew, revived in its pane, or in a new window."""

import shlex
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.domain.usage import Start
from agency.sessions.consent import AllowedStart
from agency.sessions.context import Context
from agency.sessions.environment import OWNER, run_variables, without_run
from agency.sessions.live import recall_known_server
from agency.sessions.notify import hand_over, watch_for_stall
from agency.sessions.threads import Plan
from agency.store.eventlog import now
from agency.store.launches import (
    discard_notify,
    discard_start_files,
    last_launch_number,
    note_start,
    write_launch,
    write_start_file,
)
from agency.store.repos import read_repo
from agency.store.runs import log_of
from agency.store.threads import write_thread
from agency.tools.identity import boot_id, process_started
from agency.tools.tmux.command import Tmux
from agency.tools.tmux.look import Pane, runner_pane
from agency.tools.tmux.sessions import pipe_prints, respawn, start_session, start_window

_OF_THE_PANE = frozenset(
    {"TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "COLORTERM", "TMUX", "TMUX_PANE", "PWD", "OLDPWD", "SHLVL", "_"}
    | {"LINES", "COLUMNS", "agency_launch"}
)
_READ_ONLY = frozenset({"UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO"})
"""Variables that a shell sets itself and some shells end over when they are set."""


def start_runner(
    context: Context,
    run: Run,
    start: AllowedStart,
    plan: Plan,
    tmux: Tmux,
    panes: list[Pane],
    *,
    lock_fd: int | None = None,
) -> Launch:
    """Start the runner of ``run`` as ``plan`` says. ``panes`` are those of its session as just seen; none: the session is made.

    The launch is recorded before tmux is asked, and completed afterwards. Hold the repo lock (``lock_fd``), unless the run is
    new. Raises SessionExists when somebody made the session first, and E_TMUX_FAILED.
    """
    runner, settings = start.runner, start.settings
    variables = run_variables(run, origin_url=_origin(context, run))
    launch = Launch(
        number=last_launch_number(run.directory) + 1,
        socket=tmux.socket,
        runner=runner.name,
        agent=runner.adapter.name,
        worktree=run.worktree,
        started_at=now(),
        epoch=time.time(),
        grace=settings.startup_grace,
        boot_id=boot_id(),
        known_by=runner.adapter.origin,
        thread_pattern=runner.adapter.thread_pattern if not run.headless else None,
        state_patterns=runner.state_patterns if not run.headless else {},
        headless=run.headless,
        copies=plan.copies,
    )
    # A worker prepares the environment of its runner itself, and needs more than that may see.
    environ = context.environ if run.headless else runner.environ
    script = start_script(plan.argv, environ, {**variables, OWNER: run.run_id})
    if run.headless:  # the worker says itself how it ended
        script = f"agency_quiet=yes\n{script}"
    place = write_start_file(run.directory, launch.number, script)
    note_start(run.directory, Start(number=launch.number, at=launch.epoch))
    write_launch(run.directory, launch)
    if plan.thread is not None:
        write_thread(run.directory, plan.thread)
    hand_over(run, launch, settings.notify, start.notify_pins, tmux, variables, context.environ)
    try:
        if not panes:
            recall_known_server(context, tmux)
        pane = _place(run, replace(tmux, lock_fd=lock_fd) if panes else tmux, panes, place, variables)
    except BaseException:
        discard_start_files(run.directory)
        discard_notify(run.directory)
        raise
    launch = replace(
        launch,
        server_pid=pane.server_pid,
        server_started=pane.server_started,
        pane_id=pane.pane_id,
        pane_pid=pane.pid,
        pane_started=process_started(pane.pid),
    )
    write_launch(run.directory, launch)
    if launch.thread_pattern is not None:
        _watch_for_thread(run, launch, tmux, pane)
    if plan.event is not None:
        log_of(run).append(plan.event, durable=True)
    watch_for_stall(run, launch, settings.notify, tmux)
    return launch


def _watch_for_thread(run: Run, launch: Launch, tmux: Tmux, pane: Pane) -> None:
    """Have the id of the conversation kept as soon as the agent prints it. Without it the screen is all there is."""
    argv = (sys.executable, "-I", "-m", "agency.sessions.shown", run.directory, str(launch.number))
    with suppress(AgencyError):
        pipe_prints(tmux, pane.pane_id, argv)


def start_script(argv: tuple[str, ...], environ: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """What the shim of a launch reads: the runner's environment and argv, quoted for a POSIX shell."""
    environment = {**without_run(environ), **variables}
    exports = [
        f"export {name}={shlex.quote(value)}"
        for name, value in environment.items()
        if name.isidentifier() and name.isascii() and name not in _OF_THE_PANE | _READ_ONLY
    ]
    # tmux expands formats in the directory it is given, and starts elsewhere without a word when that leads nowhere.
    enter = f"cd -- {shlex.quote(variables['AGENCY_WORKSPACE_ROOT'])} || exit"
    return "\n".join((*exports, enter, f"set -- {shlex.join(argv)}", ""))


def _place(run: Run, tmux: Tmux, panes: list[Pane], place: str, variables: Mapping[str, str]) -> Pane:
    pane = runner_pane(panes)
    if pane is not None:
        return respawn(tmux, pane_id=pane.pane_id, cwd=run.worktree, launch_directory=place)
    if panes:
        return start_window(tmux, session=run.session_name, cwd=run.worktree, launch_directory=place)
    return start_session(
        tmux,
        session=run.session_name,
        window=run.runner,
        cwd=run.worktree,
        launch_directory=place,
        variables=variables,
        options={"@agency_run": run.run_id, "@agency_repo": run.repo_id},
    )


def _origin(context: Context, run: Run) -> str | None:
    origin = read_repo(context.paths, run.repo_id).get("origin_url")
    return origin if isinstance(origin, str) else None
