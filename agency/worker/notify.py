"""Telling the user that a headless run is done or needs them, in the way that is configured."""

import sys

from agency.domain.errors import AgencyError
from agency.runners import notify as notifier
from agency.store.launches import discard_told_exit, notify_path, read_launch
from agency.tools.process import run
from agency.worker.work import Work

_PATIENCE = 5.0


def tell_user(work: Work, state: str, summary: str, *, at_end: bool = False) -> None:
    """Notify of ``state`` (``waiting``, ``done``). ``at_end``: the end of the worker that follows is not told as well."""
    path = notify_path(work.run.directory)
    argv = (sys.executable, "-I", "-S", notifier.__file__, path, state, work.redactor.text(summary))
    try:
        run(argv, env=work.context.environ, timeout=_PATIENCE, cwd="/")
    except (AgencyError, OSError):  # whoever is not told can still look
        return
    launch = read_launch(work.run.directory)
    if at_end and launch is not None:
        discard_told_exit(work.run.directory, launch.number)
