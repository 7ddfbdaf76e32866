"""What the user wants to be told of a run, handed over at each launch to what tells it: :mod:`agency.runners.notify`."""

import shlex
import sys
from collections.abc import Mapping

from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.domain.settings import NotifySettings
from agency.domain.status import STALLED_AFTER
from agency.sessions.environment import OF_THE_CALL, OWNER
from agency.store.launches import discard_notify, notify_path, write_notify
from agency.tools.tmux.command import Tmux
from agency.tools.tmux.sessions import run_later

_SLACK = 1.0
"""Seconds that an event may seem older than the launch it belongs to, by the coarse clocks of file systems."""


def hand_over(
    run: Run,
    launch: Launch,
    notify: NotifySettings,
    pins: tuple[tuple[str, str], ...],
    tmux: Tmux,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
) -> None:
    """Leave in the run's directory what is to be told of a launch, and how; nothing when nothing is. ``pins`` name
    the files of the repo that the command executes and their sha256: changed, it is not started. ``variables`` are those of
    the run, ``environ`` is what the caller of agency sees."""
    if not notify.anything:
        discard_notify(run.directory)
        return
    from agency.runners import notify as notifier

    wanted = {
        "launch": launch.number,
        "since": launch.epoch - _SLACK,
        "when": notify.when,
        "command": notify.command,
        "pins": pins,
        "bell": notify.bell,
        "desktop": notify.desktop,
        "directory": run.repo_root,
        "owner": OWNER,
        "session": run.session_name,
        "status_file": f"{run.worktree}/.agency/state/runner_status.json",
        "stalled_after": STALLED_AFTER,
        "tmux": ("tmux", "-S", tmux.socket_path, "-u"),
        "variables": {**{name: environ[name] for name in sorted(OF_THE_CALL & environ.keys())}, **variables},
    }
    words = shlex.join((sys.executable, "-I", "-S", notifier.__file__))
    exited = f'exec {words} "${{0%/*}}/../../notify.json" exited "$1"\n'
    write_notify(run.directory, launch.number, wanted, exited)


def watch_for_stall(run: Run, launch: Launch, notify: NotifySettings, tmux: Tmux) -> None:
    """Have tmux look again and again whether the run stalls, where the user wants to be told of that. Its own monitoring of
    silence would mark the window in the status line and ring in every terminal that shows it."""
    if notify.anything and "stalled" in notify.when:
        from agency.runners.notify import timer_command

        run_later(tmux, STALLED_AFTER, timer_command(notify_path(run.directory), launch.number, 0.0))
