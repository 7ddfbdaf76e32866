"""The one place where the argv of a runner or a check is put under the isolation of its job."""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agency.domain.container import ATTEMPT_LABEL, ContainerPlan, Mount, create_words, unfit_for_mount
from agency.domain.containerdata import ContainerExited, ContainerFound, ContainerMissing, ContainerStarted
from agency.domain.errors import AgencyError
from agency.domain.events import ATTEMPT_STARTED, CONTAINER_EXIT, CONTAINER_MISSING, CONTAINER_REATTACH, CONTAINER_START
from agency.domain.isolation import BWRAP, NONE, unsupported
from agency.domain.sandbox import bwrap_argv, is_in
from agency.domain.settings import Settings
from agency.runners.resolve import Runner
from agency.sessions.environment import OWNER, task_variables
from agency.sessions.isolation import labels_of
from agency.sessions.place import config_root
from agency.tools.git.command import Git
from agency.worker.layout import environment_inside, git_parts, layout_of, told_of_run
from agency.worker.work import Work

if TYPE_CHECKING:  # most runs have none
    from agency.tools.containers import Engine

_IDENTITY = {
    "user.name": ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"),
    "user.email": ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"),
}
_EXEC = ("/bin/sh", "-c", 'exec "$@"', "sh")
"""Ends with 126 or 127 where a program cannot be started, as a shell does; bubblewrap itself ends with 1."""
_NOT_STARTED = 126
_QUIET_GIT = ("gc.auto=0", "maintenance.auto=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is to be started in place of a program. ``container_id``: it runs in that container."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    container_id: str | None = None


def runner_inside(work: Work, runner: Runner, settings: Settings) -> Runner:
    """``runner`` with the environment that it has in a container, so that its conversations are looked for where it keeps them:
    in a home that the run has for it, unless it is a user of the image, whose home is in the image."""
    isolation = work.job.isolation
    if not isolation.in_container:
        return runner
    passed = {*_named(runner, settings), *(key for key in runner.environ if key.startswith("AGENCY_"))}
    environ = {key: value for key, value in runner.environ.items() if key in passed}
    if isolation.user is None:
        environ["HOME"] = f"{work.run.directory}/home"
        os.makedirs(environ["HOME"], mode=0o700, exist_ok=True)
    return replace(runner, environ=environ)


def keeps_conversations(work: Work) -> bool:
    """Whether a later attempt can find the conversation of an earlier one."""
    return not work.job.isolation.in_container or work.job.isolation.user is None


def put_inside(
    work: Work,
    runner: Runner,
    settings: Settings,
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    part: str = "",
    terminal: bool = False,
) -> Inside:
    """How ``argv`` is started under the isolation of the job, as it is where there is none. ``part`` names what of the attempt it
    is, besides its runner, for the name of a container. Raises E_ISOLATION_UNSUPPORTED."""
    isolation = work.job.isolation
    if isolation.backend == NONE:
        return Inside(argv=tuple(argv), environ=environ)
    environ = {**environ, **_for_git(work, environ)}
    if isolation.backend == BWRAP:
        from agency.tools.bwrap import require_bwrap

        program = require_bwrap(work.context.environ, network=isolation.network)
        # Where the config is read in the worktree, whoever works there could name what is lent.
        own = config_root(work.context, work.run) == work.run.worktree
        layout = layout_of(work, runner, argv, lent=() if own else settings.worktree_link)
        root = os.geteuid() == 0
        words = bwrap_argv(program, layout, (*_EXEC, *argv), network=isolation.network, root=root, terminal=terminal)
        return Inside(argv=words, environ=environment_inside(layout, environ))
    return _in_container(work, runner, settings, argv, environ, part=part)


def exit_code_of(work: Work, inside: Inside, code: int | None) -> int | None:
    """The exit code of what ran inside, for the ``code`` of what was started in its place: negative for a signal, as for a
    program that was started without isolation."""
    if code is None or work.job.isolation.backend == NONE:
        return code
    if inside.container_id is not None:
        container = _engine(work).look(inside.container_id)
        ended = container.exit_code if container is not None else None
        code = ended if ended is not None else code or _NOT_STARTED
    return 128 - code if code - 128 in set(signal.Signals) else code


def tell_of_containers(work: Work) -> None:
    """Tell of the containers that a worker before this one left, or of the one that it was at and that is gone."""
    if not work.job.isolation.in_container:
        return
    running = work.state.running
    found = _engine(work).find(labels_of(work.run))
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
    """End the containers of the run, and prove it. Raises E_KILL_FAILED."""
    if not work.job.isolation.in_container:
        return
    try:
        engine = _engine(work)
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


def _in_container(
    work: Work, runner: Runner, settings: Settings, argv: Sequence[str], environ: Mapping[str, str], *, part: str
) -> Inside:
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
    engine = _engine(work)
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
    return Inside(argv=engine.start_argv(container_id), environ=engine.environ, container_id=container_id)


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
    return tuple(sorted(key for key in (_named(runner, settings) | ours) - {OWNER} if key in environ))


def _named(runner: Runner, settings: Settings) -> set[str]:
    configured = settings.runners.get(runner.name)
    return {*configured.env, *configured.env_passthrough} if configured is not None else set()


def _for_git(work: Work, environ: Mapping[str, str]) -> dict[str, str]:
    """Who commits, because the user's own config of git is not seen inside; and no tidying up of a repository of which only parts
    can be changed."""
    git = Git(environ=work.context.environ, tree=work.run.worktree)
    found: dict[str, str] = {}
    for key, variables in _IDENTITY.items():
        value = git.ask("config", "--get", key).text
        found |= {variable: value for variable in variables if value and variable not in environ}
    if "GIT_CONFIG_COUNT" not in environ:
        found["GIT_CONFIG_COUNT"] = str(len(_QUIET_GIT))
        for number, setting in enumerate(_QUIET_GIT):
            key, _, value = setting.partition("=")
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def _engine(work: Work) -> "Engine":
    from agency.tools.containers import find_engine

    return find_engine(work.job.isolation.backend, work.context.environ)
