"""The containers of a headless run: one for each program that runs inside, found again by its labels, and ended."""

import os
from collections.abc import Mapping, Sequence

from agency.domain.container import ATTEMPT_LABEL, ContainerPlan, Mount, create_words, unfit_for_mount
from agency.domain.containerdata import ContainerExited, ContainerFound, ContainerMissing, ContainerStarted
from agency.domain.errors import AgencyError
from agency.domain.events import ATTEMPT_STARTED, CONTAINER_EXIT, CONTAINER_MISSING, CONTAINER_REATTACH, CONTAINER_START
from agency.domain.isolation import unsupported
from agency.domain.sandbox import is_in
from agency.domain.settings import Settings
from agency.runners.resolve import Runner
from agency.sessions.environment import OWNER, task_variables
from agency.sessions.isolation import labels_of
from agency.tools.containers import Engine, find_engine
from agency.worker.gitparts import git_parts
from agency.worker.layout import told_of_run
from agency.worker.work import Work


def engine_of(work: Work) -> Engine:
    """The engine of the job. Raises E_ISOLATION_UNSUPPORTED when it is not on PATH."""
    return find_engine(work.job.isolation.backend, work.context.environ)


def make_container(
    work: Work, runner: Runner, settings: Settings, argv: Sequence[str], environ: Mapping[str, str], *, part: str
) -> str:
    """Make the container that ``argv`` is to run in, and tell of it; its id. Raises E_ISOLATION_UNSUPPORTED."""
    run, isolation = work.run, work.job.isolation
    number = f"{work.step.index}.{work.state.step.attempts}"
    git = git_parts(run, isolation.backend)
    given = [os.path.realpath(word) for word in argv if is_in(word, (run.directory,)) and os.path.isfile(word)]
    home: list[str] = []
    if isolation.user is None:
        home.append(os.path.realpath(runner.environ["HOME"]))
        environ = {**environ, "HOME": runner.environ["HOME"]}
    writable = (os.path.realpath(run.worktree), *git.writable, *told_of_run(run.directory), *home)
    mounts = dict.fromkeys((*git.readable, *given), False) | dict.fromkeys(writable, True)
    mounts |= dict.fromkeys(git.protected, False)
    if (unfit := unfit_for_mount(mounts)) is not None:
        raise unsupported(isolation.backend, f"no container can be given {unfit}", "use another isolation", path=unfit)
    name = f"agency-{run.run_id}-{number}{f'-{part}' if part else ''}"
    plan = ContainerPlan(
        name=name,
        labels={**labels_of(run), ATTEMPT_LABEL: number},
        mounts=tuple(Mount(path=path, writable=can) for path, can in mounts.items()),
        worktree=os.path.realpath(run.worktree),
        variables=_variables(work, runner, settings, environ),
        caller=f"{os.getuid()}:{os.getgid()}",
    )
    engine = engine_of(work)
    words = create_words(plan, isolation, _argv_in_image(work, argv))
    container_id = engine.create(words, {key: environ[key] for key in plan.variables})
    started: ContainerStarted = {
        "container_id": container_id,
        "name": name,
        "image": isolation.image or "",
        "network_mode": isolation.network_mode,
        "user": isolation.user,
        "memory_mb": isolation.memory_mb,
        "cpu_quota": isolation.cpu_quota,
        "pids_limit": isolation.pids_limit,
    }
    work.tell(CONTAINER_START(started), durable=True)
    return container_id


def tell_of_containers(work: Work) -> None:
    """Tell of the containers that a worker before this one left, or of the one that it was at and that is gone."""
    if not work.job.isolation.in_container:
        return
    running = work.state.running
    found = engine_of(work).find(labels_of(work.run))
    for container in found:
        left: ContainerFound = {
            "container_id": container.container_id,
            "name": container.name,
            "running": container.running,
        }
        work.tell(CONTAINER_REATTACH(left), durable=True)
    if running is None or found:
        return
    missing: ContainerMissing = {"stepIndex": work.step.index, "attempt": running.attempt}
    if work.has_told(ATTEMPT_STARTED.name, dict(missing)):
        work.tell_once(CONTAINER_MISSING(missing), "stepIndex", "attempt")


def end_containers_of_attempt(work: Work) -> None:
    """End the containers of the run, and prove it. Raises E_KILL_FAILED, and E_ISOLATION_UNSUPPORTED when the engine does not
    answer."""
    if not work.job.isolation.in_container:
        return
    try:
        engine = engine_of(work)
    except AgencyError as error:  # it was taken from this machine, and with it all that could end a container
        work.say(error.message)
        return
    for _ in range(2):
        found = engine.find(labels_of(work.run))
        if not found:
            return
        for container in found:
            code = engine.end(container)
            told: ContainerExited = {
                "container_id": container.container_id,
                "name": container.name,
                "exit_code": code,
            }
            work.tell(CONTAINER_EXIT(told))
    if left := engine.find(labels_of(work.run)):
        raise AgencyError(
            "E_KILL_FAILED",
            f"{len(left)} containers of the attempt did not end",
            hint=f"end them yourself: {engine.name} rm --force {left[0].name}",
        )


def named_variables(runner: Runner, settings: Settings) -> set[str]:
    """The variables that the config names for the runner: those that it sets, and those of the caller that it lets through."""
    configured = settings.runners.get(runner.name)
    return {*configured.env, *configured.env_passthrough} if configured is not None else set()


def _argv_in_image(work: Work, argv: Sequence[str]) -> tuple[str, ...]:
    """The program by its bare name: where it stands here says nothing of where it is in the image. One of the worktree stays."""
    program = argv[0]
    if os.path.isabs(program) and not is_in(program, (work.run.worktree,)):
        program = os.path.basename(program)
    return (program, *argv[1:])


def _variables(work: Work, runner: Runner, settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that go into a container: those of agency, of the task and of git, and those that the config names for the
    runner. Not the one by which processes of this machine are known: a container is known by its labels."""
    ours = {key for key in environ if key.startswith(("AGENCY_", "GIT_")) or key == "CI"}
    ours |= {"HOME"} & runner.environ.keys() | task_variables(work.run).keys()
    return tuple(sorted(key for key in (named_variables(runner, settings) | ours) - {OWNER} if key in environ))
