"""The one place where the argv of a runner or a check is put under the isolation of its job."""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agency.domain.frozen import frozen
from agency.domain.isolation import BWRAP, NONE
from agency.domain.sandbox import bwrap_argv
from agency.domain.settings import Settings
from agency.runners.resolve import Runner
from agency.sessions.place import config_root
from agency.tools.git.command import Git
from agency.worker.container import engine_of, make_container, named_variables
from agency.worker.layout import environment_inside, layout_of
from agency.worker.work import Work

_IDENTITY = {
    "user.name": ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"),
    "user.email": ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"),
}
_EXEC = ("/bin/sh", "-c", 'exec "$@"', "sh")
"""Ends with 126 or 127 where a program cannot be started, as a shell does; bubblewrap itself ends with 1."""
_NOT_STARTED = 126
_QUIET_GIT = ("gc.auto=0", "maintenance.auto=false")


@frozen
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
    passed = {*named_variables(runner, settings), *(key for key in runner.environ if key.startswith("AGENCY_"))}
    environ = {key: value for key, value in runner.environ.items() if key in passed}
    if isolation.user is None:
        environ["HOME"] = f"{work.run.directory}/home"
        os.makedirs(environ["HOME"], mode=0o700, exist_ok=True)
    return replace(runner, environ=environ)


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
    container_id = make_container(work, runner, settings, argv, environ, part=part)
    engine = engine_of(work)
    return Inside(argv=engine.start_argv(container_id), environ=engine.environ, container_id=container_id)


def exit_code_of(work: Work, inside: Inside, code: int | None) -> int | None:
    """The exit code of what ran inside, for the ``code`` of what was started in its place: negative for a signal, as for a
    program that was started without isolation."""
    if code is None or work.job.isolation.backend == NONE:
        return code
    if inside.container_id is not None:
        container = engine_of(work).look(inside.container_id)
        ended = container.exit_code if container is not None else None
        code = ended if ended is not None else code or _NOT_STARTED
    return 128 - code if code - 128 in set(signal.Signals) else code


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
