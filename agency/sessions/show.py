"""``agency show``: everything known about one run."""

import os
import time

from agency.domain.errors import AgencyError
from agency.domain.eventdata import CommandEnd
from agency.domain.events import CMD_END, CMD_START
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.listing import describe
from agency.sessions.live import live_pane
from agency.sessions.observe import observe
from agency.sessions.verify import evidence_of
from agency.store.records import read_record, write_file
from agency.store.repos import read_repo
from agency.store.runs import log_of
from agency.store.verify import read_verify_record
from agency.tools.tmux.look import capture, runner_pane


def paths_of(context: Context, run: Run | BrokenRun) -> dict[str, str]:
    """Where the parts of a run are, whether or not they exist."""
    worktree = context.paths.worktree(run.repo_id, run.run_id)
    root = run.repo_root if isinstance(run, Run) else read_repo(context.paths, run.repo_id).get("root")
    return {
        "repo_root": str(root or ""),
        "worktree_root": worktree,
        "run_dir": run.directory,
        "logs_dir": f"{run.directory}/logs",
        "events_path": f"{run.directory}/events.jsonl",
        "transcript_path": f"{run.directory}/transcript.txt",
        "report_path": f"{worktree}/.agency/report.md",
    }


def details(context: Context, run: Run | BrokenRun) -> dict[str, object]:
    """One run as ``show --json`` prints it."""
    seen = observe(context, run)
    paths = paths_of(context, run)
    said = {key: value for key, value in (seen.saying or {}).items() if key != "written"} or None
    return {
        **describe(context, seen),
        "meta": _meta(run),
        "session": run.session_name if isinstance(run, Run) else None,
        "runner_status": said,
        "verify": _verify(context, run) if isinstance(run, Run) else None,
        "report": {"exists": os.path.isfile(paths["report_path"]), "path": paths["report_path"]},
        "logs": {name: f"{paths['logs_dir']}/{name}.log" for name in ("setup", "verify", "archive")},
        "last_event": seen.journal.last_event,
        "last_event_at": seen.journal.last_event_at,
        "paths": paths,
    }


def capture_transcript(context: Context, run: Run) -> dict[str, object]:
    """Write what the pane shows, with its history, to ``transcript.txt``, keeping the one before as ``transcript.prev.txt``.

    A capture that fails is told in the result, not raised. Raises E_STORE_FAILED, E_DISK_FULL.
    """
    log = log_of(run)
    log.append(CMD_START({"cmd": "show", "args": ["--capture"]}))
    begun = time.monotonic()
    problem: str | None = None
    try:
        _, tmux, panes = live_pane(context, run)
        pane = runner_pane(panes)
        if pane is None:
            problem = "the run has no session"
        else:
            text = capture(tmux, pane.pane_id)
            path = f"{run.directory}/transcript.txt"
            if os.path.exists(path):
                os.replace(path, f"{run.directory}/transcript.prev.txt")
            write_file(path, f"{text}\n".encode())
    except AgencyError as error:
        problem = error.message
    end: CommandEnd = {
        "cmd": "show",
        "exit_code": 0,
        "duration_ms": int((time.monotonic() - begun) * 1000),
        "capture_ok": problem is None,
    }
    if problem is not None:
        end["capture_error"] = problem
    log.append(CMD_END(end))
    return {"capture_ok": problem is None, "capture_error": problem}


def _verify(context: Context, run: Run) -> dict[str, object] | None:
    evidence = evidence_of(context, run)
    if evidence is None:
        return None
    return {**(read_verify_record(run) or {}), "stale": evidence.stale, "word": evidence.word}


def _meta(run: Run | BrokenRun) -> object:
    try:
        return read_record(f"{run.directory}/meta.json")
    except (OSError, ValueError):
        return None
