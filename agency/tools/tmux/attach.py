"""Connecting a terminal to a session by becoming the tmux client."""

import os
import shlex
from typing import NoReturn

from agency.tools.process import replace
from agency.tools.tmux.command import Tmux


def attach(tmux: Tmux, session: str, *, read_only: bool) -> NoReturn:
    """Replace this process by a tmux client that shows ``session``.

    Inside the same server the client there is switched over; inside another server a popup that fills its window shows
    the session, because a client cannot stand in two servers. Raises E_TMUX_NOT_INSTALLED as FileNotFoundError.
    """
    read = ("-r",) if read_only else ()
    target = f"={session}"
    outer = tmux.environ.get("TMUX", "").partition(",")[0]
    if not outer:
        replace((*tmux.argv, "attach-session", *read, "-t", target), tmux.environ)
    if os.path.realpath(outer) == os.path.realpath(tmux.socket_path):
        replace((*tmux.argv, "switch-client", *read, "-t", target), tmux.environ)
    inner = shlex.join(("env", "-u", "TMUX", *tmux.argv, "attach-session", *read, "-t", target))
    replace(("tmux", "-S", outer, "display-popup", "-E", "-w", "100%", "-h", "100%", inner), tmux.environ)
