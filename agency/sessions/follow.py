"""``agency events`` and ``agency logs``: reading what a run left, and following what it adds."""

import os
import time
from collections.abc import Iterator
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.live import live_pane
from agency.store.eventlog import parse_lines
from agency.store.jobs import attempt_log, list_attempts
from agency.store.runs import log_of
from agency.tools.tmux.look import capture, runner_pane

LOGS = ("setup", "verify", "archive", "attempt", "pane")
_POLL = 0.2


def events_of(run: Run | BrokenRun, *, follow: bool) -> Iterator[dict[str, Any]]:
    """The events of a run, oldest first; with ``follow`` those to come too, until the run is archived or removed."""
    log = log_of(run)
    if not follow or not os.path.exists(log.path):
        yield from log.read()
        return
    name, torn = "", b""
    with open(log.path, "rb") as file:  # it stays the log's when that is moved into the archive
        while True:
            lines, _, torn = (torn + file.read()).rpartition(b"\n")
            for event in parse_lines(lines):
                name = event["event"]
                yield event
            removed = os.fstat(file.fileno()).st_nlink == 0
            if removed or (name == "clean_finished" and not os.path.exists(log.path)):
                return
            time.sleep(_POLL)


def log_chunks(context: Context, run: Run, name: str, *, follow: bool) -> Iterator[bytes]:
    """The log of a script or of the last ``attempt`` of a headless run, or what the pane shows (``pane``), as bytes; with
    ``follow`` what is added too.

    Raises E_LOG_NOT_FOUND, and E_SESSION_NOT_FOUND for the pane of a run without session.
    """
    if name == "pane":
        yield from _pane(context, run, follow=follow)
        return
    path = f"{run.directory}/logs/{name}.log" if name != "attempt" else _last_attempt(run)
    if not os.path.exists(path):
        raise AgencyError(
            "E_LOG_NOT_FOUND",
            f"run {run.name} has no {name} log",
            hint=f"agency events {run.name} shows what happened",
            run_id=run.run_id,
            log=path,
        )
    while True:
        with open(path, "rb") as file:
            over = False
            while not over:
                over = _begun_anew(path, os.fstat(file.fileno()))
                while chunk := file.read(65536):
                    yield chunk
                if not follow or not os.path.exists(path):
                    return
                if not over:
                    time.sleep(_POLL)


def _begun_anew(path: str, known: os.stat_result) -> bool:
    """Whether another file stands at ``path``: the log of an attempt begins anew when it has grown large."""
    try:
        return not os.path.samestat(known, os.stat(path))
    except FileNotFoundError:
        return False


def _last_attempt(run: Run) -> str:
    """The log of the attempt that began last."""
    attempts = sorted(list_attempts(run.directory), key=lambda attempt: str(attempt["startedAt"]))
    last = attempts[-1] if attempts else {"stepIndex": 0, "attempt": 1}
    return attempt_log(run.directory, last["stepIndex"], last["attempt"])


def _pane(context: Context, run: Run, *, follow: bool) -> Iterator[bytes]:
    """The screen with its history; followed, again whenever it has changed, from the first line that is new."""
    shown: list[str] = []
    while True:
        _, tmux, panes = live_pane(context, run)
        pane = runner_pane(panes)
        if pane is None:
            if shown:
                return
            raise AgencyError(
                "E_SESSION_NOT_FOUND",
                f"run {run.name} has no session",
                hint=f"agency resume {run.name}",
                run_id=run.run_id,
            )
        try:
            lines = capture(tmux, pane.pane_id).splitlines()
        except AgencyError:
            if runner_pane(live_pane(context, run)[2]) is not None:
                raise
            continue  # it went just now
        same = 0
        while same < min(len(shown), len(lines)) and shown[same] == lines[same]:
            same += 1
        if lines[same:]:
            yield ("\n".join(lines[same:]) + "\n").encode()
        shown = lines
        if not follow or pane.dead:
            return
        time.sleep(_POLL)
