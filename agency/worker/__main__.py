"""The worker of a headless run, started in the pane of its session: ``python -m agency.worker DIRECTORY [--allow-scripts]
[--fresh]``.

DIRECTORY is where the record of the run stands. The exit code tells how the job ended: 0 done, 3 a person is needed, 4 failed.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from agency.domain.errors import EXIT_ERROR, EXIT_INTERRUPTED, JOB_EXIT_CODES, AgencyError
from agency.domain.ids import RepoId, RunId
from agency.domain.jobprogress import fold_job
from agency.domain.jobstate import first_state
from agency.domain.redaction import Redactor
from agency.domain.run import BrokenRun
from agency.domain.secretnames import secrets_in
from agency.sessions.context import Context
from agency.sessions.place import require_repo_of
from agency.store.jobs import read_job, read_state, worker_lock, write_state
from agency.store.locks import DEFAULT_LOCK_TIMEOUT
from agency.store.paths import find_paths
from agency.store.runs import load_run
from agency.tools.descendants import adopt_orphans
from agency.tools.signals import Interrupted, end_in_order
from agency.tools.statsd import Statsd, collector_of
from agency.worker.attempt import end_processes_of_attempt
from agency.worker.controls import Controls
from agency.worker.drive import drive
from agency.worker.notify import tell_user
from agency.worker.view import View
from agency.worker.work import Work

_LOCK_PATIENCE = 6.0


def main(directory: str, *options: str) -> int:
    """Do the job of the run whose record stands in ``directory``."""
    end_in_order()
    view = View(os.environ)
    context = _context(view.note, allow_scripts="--allow-scripts" in options)
    with worker_lock(directory) as held:
        if held is None:
            view.note("another worker is at work on this run")
            return EXIT_ERROR
        try:
            work = _work(context, directory, view)
            if "--fresh" in options:
                work.save(replace(work.state, fresh_thread=True))
            adopt_orphans()
            os.chdir(directory)
            return JOB_EXIT_CODES[_drive(work)]
        except AgencyError as error:
            view.note(f"{error.code}: {error.message}")
            if error.hint:
                view.note(f"hint: {error.hint}")
            return EXIT_ERROR


def _drive(work: Work) -> str:
    controls = Controls(work)
    work.on_question = lambda question: tell_user(work, "waiting", question)
    _on_interrupt(controls.stop)
    try:
        outcome = drive(work, controls)
    except Interrupted:
        with contextlib.suppress(AgencyError):
            end_processes_of_attempt(work, None)
        sys.exit(EXIT_INTERRUPTED)
    reason = fold_job(work.log.read()).reason
    summary = "the job is done" if outcome == "done" else f"the job stopped: {reason}"
    tell_user(work, "done" if outcome == "done" else "waiting", summary, at_end=True)
    return outcome


def _on_interrupt(stop: Callable[[], None]) -> None:
    """Ctrl-C in the pane stops the attempt and holds the job; it does not end the worker."""

    def heard(number: int, frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGINT, heard)


def _context(tell: Callable[[str], None], *, allow_scripts: bool) -> Context:
    environ = dict(os.environ)
    return Context(
        environ=environ,
        cwd="/",
        paths=find_paths(environ),
        command="worker",
        lock_timeout=_LOCK_PATIENCE * DEFAULT_LOCK_TIMEOUT,
        tell=tell,
        busy=lambda what: contextlib.nullcontext(),
        allow_scripts=allow_scripts,
    )


def _work(context: Context, directory: str, view: View) -> Work:
    repo_directory, _, run_id = os.path.realpath(directory).rpartition("/runs/")
    run = load_run(context.paths, RepoId(os.path.basename(repo_directory)), RunId(run_id))
    if isinstance(run, BrokenRun):
        raise AgencyError("E_RUN_BROKEN", f"the record of {run_id} cannot be read: {run.reason}", hint="agency doctor")
    job = read_job(run.directory)
    if job is None:
        raise AgencyError("E_NO_JOB", f"{run.name} has no job that can be read", hint=f"agency clean {run.name}")
    require_repo_of(context, run)
    state = read_state(run.directory)
    if state is None:
        state = first_state(len(job.steps))
        write_state(run.directory, state)
    return Work(
        context=context,
        run=run,
        job=job,
        state=state,
        redactor=Redactor(secrets_in(context.environ)),
        statsd=Statsd(collector_of(context.environ)),
        view=view,
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
