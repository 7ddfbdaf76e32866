"""The session of a run as tmux has it now, and nothing more: what must be known to attach, resume, stop or kill."""

import os
import time
from collections.abc import Callable

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.store.launches import read_exit_code, read_launch
from agency.store.runs import list_repo_ids, list_runs
from agency.tools.tmux.command import Tmux, choose_socket
from agency.tools.tmux.look import Pane, capture, runner_pane, session_panes
from agency.tools.tmux.recall import recall_server

_POLL = 0.02


def tmux_of(context: Context, launch: Launch | None, configured: str | None = None) -> Tmux:
    """The tmux server that the session of a launch is on, or would be made on."""
    socket = choose_socket(context.environ, launch.socket if launch else None, configured)
    return Tmux(socket=socket, environ=context.environ)


def live_pane(context: Context, run: Run) -> tuple[Launch | None, Tmux, list[Pane]]:
    """The last launch of a run, its tmux server and the panes of its session (none when there is no session)."""
    launch = read_launch(run.directory)
    tmux = tmux_of(context, launch)
    panes = session_panes(tmux, run.session_name)
    if not panes and launch is not None and recall_server(tmux, launch.server_pid, launch.server_started):
        panes = session_panes(tmux, run.session_name)
    return launch, tmux, panes


@frozen
class Live:
    """A session as one look found it. ``alive``: its runner works (and has not just left its exit status)."""

    launch: Launch | None
    tmux: Tmux
    panes: list[Pane]
    alive: bool

    @property
    def identity(self) -> tuple[str, int, int] | None:
        """What tells this living runner from any other; None when there is none."""
        pane = runner_pane(self.panes)
        return (pane.pane_id, pane.pid, pane.server_pid) if self.alive and pane is not None else None


def look(context: Context, run: Run) -> Live:
    """Look at the session of a run. Raises E_TMUX_FAILED or E_TIMEOUT."""
    launch, tmux, panes = live_pane(context, run)
    pane = runner_pane(panes)
    alive = pane is not None and not pane.dead
    if alive and launch is not None:
        alive = read_exit_code(run.directory, launch.number) is None
    return Live(launch=launch, tmux=tmux, panes=panes, alive=alive)


def is_starting(launch: Launch) -> bool:
    """Whether the launch is so young that its runner may still end at once."""
    return time.time() < launch.epoch + launch.grace


def watch_start(run: Run, launch: Launch, tmux: Tmux) -> None:
    """Wait until the launch is as old as its grace and see that its runner still lives.

    Raises E_RUNNER_EXITED, with the exit code and the last lines of the screen, when it does not.
    """
    code = None
    while 0 < (left := launch.epoch + launch.grace - time.time()) <= launch.grace:
        code = read_exit_code(run.directory, launch.number)
        if code is not None:
            break
        time.sleep(min(_POLL, left))
    if code is None:
        pane = runner_pane(session_panes(tmux, run.session_name))
        code = read_exit_code(run.directory, launch.number)
        if code is None and pane is not None and not pane.dead:
            return
    screen = _last_lines(run, tmux)
    raise AgencyError(
        "E_RUNNER_EXITED",
        f"runner {launch.runner} ended at once" + (f" with exit code {code}" if code is not None else ""),
        hint=f"agency attach {run.name} shows its screen, agency resume {run.name} starts it again",
        run_id=run.run_id,
        exit_code=code,
        last_lines=screen.splitlines() or None,
    )


def _last_lines(run: Run, tmux: Tmux) -> str:
    pane = runner_pane(session_panes(tmux, run.session_name))
    if pane is None:
        return ""
    try:
        return capture(tmux, pane.pane_id, lines=20)
    except AgencyError:
        return ""


def screen_of(tmux: Tmux, panes: list[Pane]) -> Callable[[], str]:
    """What gives the screen of the runner among ``panes`` with its history, empty where there is none."""

    def text() -> str:
        pane = runner_pane(panes)
        try:
            return capture(tmux, pane.pane_id) if pane is not None else ""
        except AgencyError:
            return ""

    return text


def recall_known_server(context: Context, tmux: Tmux) -> None:
    """When the socket is gone but a server that keeps sessions of ours still lives, have it make the socket anew: otherwise a
    second server would start, and the sessions of the first could be reached no more."""
    if os.path.lexists(tmux.socket_path):
        return
    for repo_id in list_repo_ids(context.paths):
        for run in list_runs(context.paths, repo_id):
            launch = read_launch(run.directory)
            if launch is None or launch.socket != tmux.socket:
                continue
            if recall_server(tmux, launch.server_pid, launch.server_started):
                return
