"""A run without a person at the keyboard: its job, and the worker that stands where the agent of an interactive run does."""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.isolation import Isolation
from agency.domain.job import PUBLISH, Job, single_step
from agency.domain.run import Run
from agency.domain.settings import Settings
from agency.runners.adapter import Scene
from agency.runners.headless import headless_words
from agency.runners.resolve import Runner, model_words
from agency.sessions.context import Context
from agency.sessions.isolation import choose_isolation, require_isolation
from agency.sessions.threads import Plan
from agency.store.jobs import read_state

if TYPE_CHECKING:
    from agency.config.job import ParsedJob


@frozen
class JobRequest:
    """What a headless run is to do: a prompt, the path of a job file, or a job that was read already (``parsed``). ``flags`` are
    budgets given on the command line, by their keys in the config. ``backend`` is the isolation that the command line names;
    ``isolation`` the whole of it, which wins over every other word on it."""

    prompt: str | None = None
    file: str | None = None
    parsed: "ParsedJob | None" = None
    model: str | None = None
    publish: str | None = None
    flags: Mapping[str, float] = field(default_factory=dict)
    backend: str | None = None
    isolation: Isolation | None = None


def make_job(
    context: Context, settings: Settings, runner: Runner, request: JobRequest, parsed: "ParsedJob | None"
) -> Job:
    """The job of a request, with the budgets and the isolation that hold for it. Raises E_INVALID_CONFIG for budgets that cannot
    be, E_ISOLATION_UNSUPPORTED for an isolation that cannot be had."""
    from agency.config.budgets import effective_budgets

    budgets, origins, note = effective_budgets(
        settings,
        runner.name,
        context.environ,
        parsed.budgets if parsed is not None else {},
        request.flags,
    )
    if note is not None:
        context.tell(note)
    isolation = request.isolation or choose_isolation(
        settings, parsed.isolation if parsed is not None else {}, request.backend
    )
    require_isolation(context, runner, isolation)
    prompt = request.prompt or ""
    return Job(
        objective=parsed.objective if parsed is not None else prompt,
        steps=parsed.steps if parsed is not None else single_step(prompt),
        budgets=budgets,
        origins=origins,
        runner=runner.name,
        model=request.model or (parsed.model if parsed is not None else None),
        bootstrap=parsed.bootstrap if parsed is not None else (),
        bootstrap_timeout=parsed.bootstrap_timeout if parsed is not None else 0.0,
        publish=request.publish or (parsed.publish if parsed is not None else None) or PUBLISH[0],
        isolation=isolation,
    )


def require_headless(runner: Runner, directory: str) -> None:
    """Raise E_HEADLESS_UNSUPPORTED when the runner cannot work without a terminal."""
    with tempfile.TemporaryDirectory(
        prefix="agency-"
    ) as nowhere:  # some agents are prepared in the directory of their run
        scene = Scene(worktree=directory, directory=nowhere, environ=runner.environ)
        headless_words(runner, scene, "a prompt", None)


def words_for_model(runner: Runner, model: str | None) -> tuple[str, ...]:
    """The words that tell the runner which model to use. Raises E_USAGE when it has none."""
    return model_words(runner, model) if model is not None else ()


def plan_worker(context: Context, run: Run, *, fresh: bool = False) -> Plan:
    """Start the worker of a run, which goes on where an earlier one was; with ``fresh`` in a new conversation."""
    options = (*(("--allow-scripts",) if context.allow_scripts else ()), *(("--fresh",) if fresh else ()))
    return Plan(argv=(sys.executable, "-P", "-m", "agency.worker", run.directory, *options))


def require_job_going_on(run: Run, *, operated: bool) -> None:
    """Raise E_JOB_ENDED when the job of a headless run is done, so that a worker has nothing to do; an operator may still
    have."""
    state = read_state(run.directory) if run.headless and not operated else None
    if state is not None and state.outcome == "done":
        raise AgencyError(
            "E_JOB_ENDED",
            f"the job of {run.name} is done",
            hint=f"agency diff {run.name} shows the work, agency land {run.name} lands it",
            run_id=run.run_id,
            outcome=state.outcome,
        )
