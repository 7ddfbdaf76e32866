"""What makes the worktree of a job ready before its runner begins: command lines of the job, once for each worktree that is
built."""

import time
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.isolation import NONE
from agency.domain.job import SHELL
from agency.domain.planevents import (
    BOOTSTRAP_COMMAND_COMPLETE,
    BOOTSTRAP_COMMAND_FAIL,
    BOOTSTRAP_COMMAND_START,
    BOOTSTRAP_COMPLETE,
    BOOTSTRAP_START,
)
from agency.sessions.environment import OWNER, task_variables, without_run
from agency.store.records import make_directory, read_record, write_record
from agency.tools.process import Attended
from agency.worker.attempt import end_processes_of_attempt, ready_runner
from agency.worker.controls import Controls
from agency.worker.inside import Inside, exit_code_of, put_inside
from agency.worker.settle import end_job
from agency.worker.work import Work

_TICK = 0.2
_SHOWN = 500


def is_to_be_bootstrapped(work: Work) -> bool:
    """Whether the worktree as it stands was not made ready yet: it is new, or was built anew."""
    return bool(work.job.bootstrap) and _done(work) != work.state.resets_made


def bootstrap(work: Work, controls: Controls) -> None:
    """Run the commands. One that fails ends the job, which needs a person then; an operator who steps in goes first, and the
    commands are run again after that."""
    count = len(work.job.bootstrap)
    work.tell(BOOTSTRAP_START({"command_count": count}))
    for index, line in enumerate(work.job.bootstrap):
        work.say(f"bootstrap {index + 1}/{count}: {line}")
        work.tell(BOOTSTRAP_COMMAND_START({"cmd": line, "index": index}))
        try:
            code, said = _run(work, controls, line)
        except AgencyError as error:
            if error.code != "E_ISOLATION_UNSUPPORTED":
                raise
            end_job(work, outcome="needs_attention", reason=f"{error.code}: {error.message}", retryable=True)
            return
        told: Any = {"cmd": line, "index": index, "exit_code": code, "summary": said}
        if code is None and said == "":
            return
        if code != 0:
            work.tell(BOOTSTRAP_COMMAND_FAIL(told))
            how = f"ended with exit code {code}" if code is not None else f"was not done in time ({said})"
            end_job(work, outcome="needs_attention", reason=f"the bootstrap command {line} {how}", retryable=True)
            return
        work.tell(BOOTSTRAP_COMMAND_COMPLETE(told))
    make_directory(f"{work.run.directory}/state")
    write_record(_path(work), {"schema_version": "1.0", "resets_made": work.state.resets_made})
    work.tell(BOOTSTRAP_COMPLETE({"command_count": count}))


def _run(work: Work, controls: Controls, line: str) -> tuple[int | None, str]:
    """The exit code and what was printed last; None when its time was over, and with nothing printed when an operator
    stepped in."""
    task = task_variables(work.run)
    environment = {
        **without_run(work.context.environ),
        **task,
        OWNER: work.run.run_id,
        "AGENCY_NONINTERACTIVE": "1",
        "CI": "1",
    }
    try:
        inside = _inside(work, (*SHELL, line), environment)
        program = Attended(inside.argv, env=inside.environ, cwd=work.run.worktree, typed=None)
    except OSError as error:
        raise AgencyError("E_STORE_FAILED", f"{SHELL[0]} cannot be started: {error.strerror}") from error
    said = ""
    deadline = time.monotonic() + work.job.bootstrap_timeout
    stopped = late = False
    try:
        while program.exit_code is None and not stopped and not late:
            said = _heard(work, program.pump(_TICK), said)
            standing = controls.look()
            stopped = standing.held is not None or standing.pending is not None or controls.interrupts() is not None
            late = time.monotonic() > deadline
        code = exit_code_of(work, inside, program.exit_code)
    finally:
        end_processes_of_attempt(work, None)
    said = _heard(work, program.drain(), said)
    program.close()
    if stopped:
        return None, ""
    return (None, f"{work.job.bootstrap_timeout:g} s") if late else (code, said)


def _inside(work: Work, argv: tuple[str, ...], environment: dict[str, str]) -> Inside:
    if work.job.isolation.backend == NONE:
        return Inside(argv=argv, environ=environment)
    return put_inside(work, *ready_runner(work), argv, environment, part="bootstrap")


def _heard(work: Work, chunks: tuple[bytes, bytes], said: str) -> str:
    text = work.redactor.text(b"".join(chunks).decode("utf-8", "replace"))
    if text:
        work.view.lines(text.splitlines())
    return " ".join((said + " " + text).split())[-_SHOWN:]


def _done(work: Work) -> int | None:
    try:
        return int(read_record(_path(work))["resets_made"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _path(work: Work) -> str:
    return f"{work.run.directory}/state/bootstrap.json"
