"""One deed on every run of a repo."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.find import require_repo
from agency.sessions.resume import ResumeRequest, resume_run
from agency.sessions.stop import kill_run, stop_run
from agency.store.launches import read_launch
from agency.store.runs import list_runs, log_of

_AT_ONCE = 4


@frozen
class Outcome:
    """What became of one run: ``error`` is None, or the code of the error that ``text`` tells."""

    run_id: str
    name: str
    text: str
    error: str | None = None


def stop_every(context: Context, repo: str | None) -> list[Outcome]:
    """Interrupt every living runner of the repo."""
    return _each(context, repo, lambda run: "interrupted" if stop_run(context, run) else "has no living runner")


def kill_every(context: Context, repo: str | None) -> list[Outcome]:
    """End every session of the repo."""
    return _each(context, repo, lambda run: "killed" if kill_run(context, run) else "has no session")


def resume_every(context: Context, repo: str | None, request: ResumeRequest) -> list[Outcome]:
    """Resume every run of the repo that was ever started, except those that a person ended."""

    def deed(run: Run) -> str:
        if read_launch(run.directory) is None:
            return "skipped: never started"
        if fold(log_of(run).read()).killed:
            return "skipped: stopped by you"
        resumed = resume_run(context, run, request)
        return f"session {run.session_name} ready" if resumed is not None else "skipped"

    return _each(context, repo, deed)


def _each(context: Context, repo: str | None, deed: Callable[[Run], str]) -> list[Outcome]:
    """Apply ``deed`` to the runs of the repo, oldest first, a few at a time; a failure ends only its own run's part."""

    def one(run: Run | BrokenRun) -> Outcome:
        if isinstance(run, BrokenRun):
            return Outcome(run_id=run.run_id, name=run.run_id, text=run.reason, error="E_RUN_BROKEN")
        try:
            return Outcome(run_id=run.run_id, name=run.name, text=deed(run))
        except AgencyError as error:
            return Outcome(run_id=run.run_id, name=run.name, text=error.message, error=error.code)

    runs = list_runs(context.paths, require_repo(context, repo).repo_id)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, sorted(runs, key=_age)))


def _age(run: Run | BrokenRun) -> tuple[str, str]:
    """Rises with the time of creation, which a run id tells only to the second."""
    return run.run_id[:14], run.created_at if isinstance(run, Run) else ""
