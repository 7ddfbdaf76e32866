"""Running a script of the repo: one protocol for setup, verify and archive."""

import json
import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType

from agency.domain.errors import AgencyError
from agency.domain.eventdata import ScriptFinished, ScriptStarted
from agency.domain.events import EventKind
from agency.domain.frozen import frozen
from agency.domain.journal import Operation
from agency.domain.run import Run
from agency.domain.settings import ScriptSettings
from agency.sessions.consent import require_script
from agency.sessions.context import Context
from agency.sessions.environment import OWNER, SCRIPT, run_variables, without_run
from agency.sessions.place import repo_of
from agency.sessions.scaffold import scaffold
from agency.store.failures import told_plainly
from agency.store.records import discard
from agency.store.repos import read_repo
from agency.store.runs import log_of
from agency.tools.identity import this_process
from agency.tools.process import Streamed
from agency.tools.processtree import Mark, end_tree

_GRACE = 3.0
_TICK = 0.1
_ORDERLY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@frozen
class ScriptResult:
    """How a script ended. ``exit_code`` is None when it was ended from outside, which ``timed_out`` and ``cancelled`` tell
    apart; ``signal`` is what ended it, ``cancelled_by`` the signal that told agency to stop. ``summary`` is what it said in
    ``.agency/out/<name>.json``, which is ``json_path`` when it is there; ``problem`` is why that cannot be read."""

    ok: bool
    exit_code: int | None
    signal: str | None
    timed_out: bool
    cancelled: bool
    cancelled_by: str | None
    duration_ms: int
    log_path: str
    command: str
    summary: str | None
    json_path: str | None
    problem: str | None


def run_recorded_script(
    context: Context,
    run: Run,
    name: str,
    script: ScriptSettings,
    *,
    started: EventKind[ScriptStarted],
    finished: EventKind[ScriptFinished],
    show: Callable[[bytes], None],
) -> ScriptResult:
    """:func:`run_script`, with its start and end in the events of the run."""
    log = log_of(run)
    result = run_script(context, run, name, script, begun=lambda data: log.append(started(data)), show=show)
    log.append(finished(finished_data(result)))
    return result


def run_script(
    context: Context,
    run: Run,
    name: str,
    script: ScriptSettings,
    *,
    begun: Callable[[ScriptStarted], object],
    show: Callable[[bytes], None],
    log_name: str | None = None,
) -> ScriptResult:
    """Run script ``name`` in the worktree. ``begun`` records that it starts.

    Its output goes to ``logs/<name>.log`` (or ``log_name``) and to ``show`` as it comes. It runs in a session of its own with
    standard input closed; when its time is over, or agency is told to stop (INT, TERM), its whole process tree gets TERM, three
    seconds, and KILL. ``.agency/out/<name>.json``, removed before, may turn success into failure, never the reverse.

    Raises E_SCRIPT_NOT_FOUND, E_CONSENT_REQUIRED when the user has not allowed the script as it is now.
    """
    log_path = f"{run.directory}/logs/{log_name or name}.log"
    result_path = json_path_of(run, name)
    argv = _argv(run, name, script)
    require_script(context, run, name, script)
    os.makedirs(os.path.dirname(log_path), exist_ok=True)
    begun({"command": shlex.join(script.argv), "timeout_ms": int(script.timeout * 1000), "log_path": log_path})
    _clear_result(run, result_path)
    start = time.monotonic()
    with told_plainly("writing a log", log_path), open(log_path, "wb", buffering=0) as file:

        def on_output(chunk: bytes) -> None:
            file.write(chunk)
            with suppress(OSError):  # whoever watched has gone; the log has it all
                show(chunk)

        code, timed_out, cancelled_by = _run(context, run, name, argv, script.timeout, on_output)
    said, problem = read_result(result_path)
    cancelled = cancelled_by is not None
    ended = timed_out or cancelled
    return ScriptResult(
        ok=code == 0 and not ended and said.get("ok") is not False,
        exit_code=code if code is not None and code >= 0 and not ended else None,
        signal=_signal_name(-code) if code is not None and code < 0 else None,
        timed_out=timed_out,
        cancelled=cancelled,
        cancelled_by=cancelled_by,
        duration_ms=int((time.monotonic() - start) * 1000),
        log_path=log_path,
        command=shlex.join(script.argv),
        summary=str(said["summary"]) if isinstance(said.get("summary"), str) else None,
        json_path=result_path if said or problem else None,
        problem=problem,
    )


def end_leftover(run: Run, name: str, operation: Operation) -> None:
    """End what still runs of script ``name``, which an agency that was killed had started as ``operation`` tells."""
    end_tree([], _mark(run, name, operation.pid, operation.pid_started), grace=_GRACE)


def _mark(run: Run, name: str, pid: int, started: str) -> Mark:
    """What a script carries that was started by the agency of that process id."""
    return Mark(variable=SCRIPT, value=f"{name}-{pid}-{started}", directory=run.worktree)


def _clear_result(run: Run, path: str) -> None:
    """Let nothing stand where the script may tell its result, and make the directory for it where it was removed. Where that
    cannot be done the script runs all the same; what stands there in its place is told when it is read."""
    with suppress(OSError, AgencyError):
        discard(path)
        if not os.path.isdir(os.path.dirname(path)):
            scaffold(run, None)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # the real-time signals have no names
        return f"signal {number}"


def json_path_of(run: Run, name: str) -> str:
    """Where script ``name`` may write what it has to say of its result."""
    return f"{run.worktree}/.agency/out/{name}.json"


def record_of(result: ScriptResult) -> dict[str, object]:
    """The result as it stands in a record."""
    return {
        "command": result.command,
        "ok": result.ok,
        "exit_code": result.exit_code,
        "signal": result.signal,
        "timed_out": result.timed_out,
        "cancelled": result.cancelled,
        "duration_ms": result.duration_ms,
        "log_path": result.log_path,
        "output_summary": result.summary,
    }


def script_failed(run: Run, name: str, result: ScriptResult, *, hint: str) -> AgencyError:
    """The error for a script that did not succeed, with the last 20 lines of its log."""
    if result.timed_out:
        return AgencyError(
            "E_SCRIPT_TIMEOUT",
            f"the {name} script ran out of time after {result.duration_ms / 1000:.0f} s",
            hint=hint,
            run_id=run.run_id,
            log=result.log_path,
            last_lines=last_lines(result.log_path),
        )
    if result.cancelled:
        return AgencyError(
            "E_INTERRUPTED",
            f"the {name} script was cancelled",
            hint=hint,
            run_id=run.run_id,
            signal=result.cancelled_by,
        )
    ended = f"exit code {result.exit_code}" if result.exit_code else result.signal and f"ended by {result.signal}"
    reason = result.summary or ended or f"{name}.json says ok: false"
    return AgencyError(
        "E_SCRIPT_FAILED",
        f"the {name} script failed: {reason}",
        hint=hint,
        run_id=run.run_id,
        exit_code=result.exit_code,
        log=result.log_path,
        last_lines=last_lines(result.log_path),
    )


def last_lines(path: str, most: int = 20) -> list[str] | None:
    """The last lines of a log, None when there are none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 16384))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return [line[:500] for line in lines[-most:]] or None


def read_result(path: str) -> tuple[Mapping[str, object], str | None]:
    """What a script said of its own result, and why that cannot be read; empty and None when it said nothing."""
    try:
        with open(path, "rb") as file:
            said = json.loads(file.read(1 << 20))
    except (FileNotFoundError, NotADirectoryError):
        return {}, None
    except OSError as error:
        return {}, f"it cannot be read: {error.strerror}"
    except (ValueError, RecursionError):
        return {}, "it is not JSON"
    if not isinstance(said, dict) or not isinstance(said.get("schema_version"), str):
        return {}, "it has no schema_version"
    if not isinstance(said.get("ok", True), bool):
        return {}, "its ok is neither true nor false"
    return said, None


def _argv(run: Run, name: str, script: ScriptSettings) -> tuple[str, ...]:
    if script.path is None:
        return script.argv
    path = f"{run.worktree}/{script.path}"
    if not os.path.isfile(path) or not os.access(path, os.X_OK):
        raise AgencyError(
            "E_SCRIPT_NOT_FOUND",
            f"the {name} script {script.path} is missing or not executable in the worktree",
            hint=f"commit it with: git add --chmod=+x {shlex.quote(script.path)}",
            run_id=run.run_id,
            script=path,
        )
    return (path, *script.argv[1:])


def _run(
    context: Context, run: Run, name: str, argv: tuple[str, ...], timeout: float, on_output: Callable[[bytes], None]
) -> tuple[int | None, bool, str | None]:
    """The exit code, whether its time was over, and the signal for which it was cancelled."""
    origin = read_repo(context.paths, run.repo_id).get("origin_url")
    repo = repo_of(context, run)
    where_it_is = replace(run, repo_root=repo.root) if repo is not None else run
    variables = run_variables(where_it_is, origin_url=origin if isinstance(origin, str) else None)
    variables |= {OWNER: run.run_id, "AGENCY_NONINTERACTIVE": "1", "CI": "1"}
    environment = {**without_run(context.environ), **variables}
    me = this_process(context.command)
    mark = _mark(run, name, me["pid"], me["pid_started"])
    environment[mark.variable] = mark.value
    with _cancelled_by_signal() as cancelled:
        code, stopped = _attended(argv, environment, run.worktree, mark, timeout, cancelled, on_output)
    by = (
        cancelled[0].name if cancelled else None
    )  # also when the script ended by itself just then: nobody else hears of it
    return code, stopped and by is None, by


def _attended(
    argv: tuple[str, ...],
    environment: Mapping[str, str],
    cwd: str,
    mark: Mark,
    timeout: float,
    cancelled: list[signal.Signals],
    on_output: Callable[[bytes], None],
) -> tuple[int, bool]:
    """The exit code, and whether the script was ended: its time was over, or a signal was in ``cancelled``."""
    try:
        script = Streamed(argv, env=environment, cwd=cwd, on_output=on_output)
    except OSError as error:
        on_output(f"{argv[0]}: {error.strerror}\n".encode())
        return 127, False
    deadline = time.monotonic() + timeout
    try:
        while script.process.poll() is None and not cancelled and time.monotonic() < deadline:
            script.pump(_TICK)
            if script.ended:
                script.wait(_TICK)
    finally:
        stopped = script.process.returncode is None
        if stopped:
            end_tree([script.process.pid], mark, grace=_GRACE)
            script.process.wait()
    script.close()
    return script.process.returncode, stopped


@contextmanager
def _cancelled_by_signal() -> Iterator[list[signal.Signals]]:
    """Gets INT, TERM and HUP as they come during the block, those of them that the caller did not have ignored."""
    cancelled: list[signal.Signals] = []

    def note(number: int, frame: FrameType | None) -> None:
        cancelled.append(signal.Signals(number))

    heeded = [number for number in _ORDERLY if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, note) for number in heeded}
    try:
        yield cancelled
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def finished_data(result: ScriptResult) -> ScriptFinished:
    """The result as the event tells it that ends a script."""
    data: ScriptFinished = {
        "ok": result.ok,
        "timed_out": result.timed_out,
        "cancelled": result.cancelled,
        "duration_ms": result.duration_ms,
        "log_path": result.log_path,
    }
    if result.exit_code is not None:
        data["exit_code"] = result.exit_code
    if result.signal is not None:
        data["signal"] = result.signal
    if result.summary is not None:
        data["summary"] = result.summary
    return data
