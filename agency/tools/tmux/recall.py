"""Getting back to a server whose socket was deleted under it, as cleaners of temporary directories do."""

import os
import signal
import time

from agency.tools.tmux.command import Tmux

_PATIENCE = 2.0
_POLL = 0.01


def recall_server(tmux: Tmux, pid: int | None, started: str | None) -> bool:
    """Have the server ``pid``, started at second ``started``, make its socket anew; whether there is a socket again.

    False, and nothing done, when the socket is there or no such server lives.
    """
    path = tmux.socket_path
    if pid is None or started is None or os.path.lexists(path) or not _is_that_server(pid, started):
        return False
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.kill(pid, signal.SIGUSR1)
    except OSError:
        return False
    deadline = time.monotonic() + _PATIENCE
    while not os.path.lexists(path) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return os.path.lexists(path)


def _is_that_server(pid: int, started: str) -> bool:
    """Whether process ``pid`` is a tmux that began then: the signal would end any other program."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.name().startswith("tmux") and abs(process.create_time() - float(started)) < 5.0
    except (psutil.Error, ValueError, TypeError, OverflowError):
        return False
