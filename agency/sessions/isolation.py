"""The isolation of headless runs: which one holds, whether it can be had here, and the end of containers."""

import os
from collections.abc import Mapping
from typing import Any

from agency.domain.container import PLAN_LABEL, REPO_LABEL, RUN_LABEL, TASK_LABEL, require_able
from agency.domain.errors import AgencyError
from agency.domain.isolation import BWRAP, NONE, Isolation, isolation_of, unsupported
from agency.domain.run import Run
from agency.domain.settings import Settings
from agency.runners.resolve import Runner
from agency.sessions.context import Context
from agency.store.jobs import read_job


def choose_isolation(settings: Settings, of_job: Mapping[str, Any], backend: str | None) -> Isolation:
    """The isolation of a job: the ``backend`` of the command line over that of the job file over the user's config, with the
    options of the job over those of the config. Raises E_ISOLATION_UNSUPPORTED."""
    options = dict(of_job)
    of_file = options.pop("backend", None)
    chosen = backend or of_file or settings.isolation.get("use") or NONE
    if of_file not in (None, chosen):  # what was said of another backend goes with it
        options = {}
    return isolation_of(chosen, {**settings.isolation.get(chosen, {}), **options})


def require_isolation(context: Context, runner: Runner, isolation: Isolation) -> None:
    """Raise E_ISOLATION_UNSUPPORTED for what cannot be enforced on this machine; say what the user might not expect."""
    if isolation.backend == BWRAP:
        from agency.tools.bwrap import require_bwrap

        require_bwrap(context.environ, network=isolation.network)
        for path in (*isolation.writable, *isolation.readable):
            present(context, path)
        own = runner.adapter.own_files(runner.environ)
        if own and not isolation.runner_files:
            context.tell(
                f"{runner.name} does not see its own files ({', '.join(own)}); isolation.bwrap.runner_files: true in your"
                " config.yaml shows them"
            )
    elif isolation.in_container:
        from agency.tools.containers import find_engine

        engine = find_engine(isolation.backend, context.environ)
        require_able(isolation, engine.abilities())
        if not engine.has_image(isolation.image or ""):
            hint = f"{engine.name} pull {isolation.image}, or build it"
            raise unsupported(engine.name, f"the image {isolation.image} is not on this machine", hint)


def expanded(context: Context, path: str) -> str:
    """``path`` with the home of the caller in place of ``~``."""
    home = context.environ.get("HOME") or os.path.expanduser("~")
    return os.path.normpath(home + path[1:] if path == "~" or path.startswith("~/") else path)


def present(context: Context, path: str) -> str:
    """Where a path of the config is, without symbolic links on the way. Raises E_ISOLATION_UNSUPPORTED when nothing is there."""
    place = os.path.realpath(expanded(context, path))
    if not os.path.exists(place):
        raise unsupported(BWRAP, f"{path} is not there", "make it, or take it out of the isolation", path=path)
    return place


def labels_of(run: Run) -> dict[str, str]:
    """What tells the containers of a run from all others."""
    of_task = {PLAN_LABEL: run.task.plan_id, TASK_LABEL: run.task.task_id} if run.task is not None else {}
    return {RUN_LABEL: run.run_id, REPO_LABEL: run.repo_id, **of_task}


def end_containers(context: Context, run: Run) -> int:
    """End and remove the containers of a run, whatever worker made them; how many. Raises E_KILL_FAILED."""
    job = read_job(run.directory) if run.headless else None
    if job is None or not job.isolation.in_container:
        return 0
    from agency.tools.containers import find_engine

    try:
        engine = find_engine(job.isolation.backend, context.environ)
    except AgencyError as error:  # nothing of it can be running that this machine could end
        context.tell(f"containers of {run.name} were not looked for: {error.message}")
        return 0
    try:
        found = engine.find(labels_of(run))
    except AgencyError as error:
        raise AgencyError(
            "E_KILL_FAILED",
            f"whether a container of the run lives cannot be told: {error.message}",
            hint=error.hint,
            run_id=run.run_id,
        ) from error
    for container in found:
        engine.end(container)
    return len(found)
