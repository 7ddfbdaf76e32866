"""Options and arguments that many commands share, and the context made from them."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import click

from agency.cli.output import note
from agency.cli.progress import busy
from agency.cli.prompts import can_ask, confirm
from agency.domain.durations import format_duration, parse_duration, parse_since
from agency.domain.errors import AgencyError
from agency.sessions.context import Context
from agency.store.locks import DEFAULT_LOCK_TIMEOUT
from agency.store.paths import find_paths

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    """A duration in the form of :mod:`agency.domain.durations`, as seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; a usage error for anything else."""
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Since(click.ParamType[datetime]):
    """A moment told as a duration before now or as a date, in the form of :mod:`agency.domain.durations`."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, without a zone by the clock on the wall; a usage error for anything else."""
        try:
            moment = parse_since(str(value), datetime.now())
            moment.timestamp()
        except (ValueError, OverflowError, OSError) as error:
            self.fail(str(error), param, ctx)
        return moment


def common(command: F) -> F:
    """``--repo``, ``--lock-timeout`` and ``--debug``, which every command takes."""
    for option in (
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."),
        click.option(
            "--lock-timeout",
            type=Duration(),
            default=format_duration(DEFAULT_LOCK_TIMEOUT),
            show_default=True,
            metavar="DURATION",
            help="How long to wait for the lock of the repo.",
        ),
        click.option("--repo", metavar="PATH", type=click.Path(), help="The repo, when not the one around you."),
    ):
        command = option(command)
    return command


def as_json(command: F) -> F:
    """``--json`` for commands that print a result."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


def one_strategy(*names: str) -> Callable[[F], F]:
    """A flag for each way to combine, of which one may be given; the first is meant without any. Passed on as ``strategy``."""

    def one(ctx: click.Context, param: click.Parameter, given: bool) -> None:
        if not given:
            return
        if ctx.params.get("strategy") is not None:
            raise click.UsageError(f"{', '.join(f'--{name}' for name in names)} exclude each other", ctx)
        ctx.params["strategy"] = str(param.opts[0]).removeprefix("--")

    def decorate(command: F) -> F:
        wrapped = _with_default(command, names[0])
        for name in reversed(names):
            says = _STRATEGIES[name] + (" This is the default." if name == names[0] else "")
            option = click.option(f"--{name}", is_flag=True, expose_value=False, callback=one, help=says)
            wrapped = option(wrapped)
        return wrapped

    return decorate


_STRATEGIES = {
    "squash": "All commits become one.",
    "merge": "A merge commit.",
    "rebase": "Each commit anew, on top of the branch.",
    "ff-only": "The commits as they are; refused when the branch has others.",
}


def _with_default(command: F, default: str) -> F:
    """``command`` called with ``default`` as ``strategy`` when no flag said otherwise."""
    from functools import wraps

    @wraps(command)
    def call(*args: Any, **named: Any) -> Any:
        return command(*args, **{"strategy": default, **named})

    return call  # type: ignore[return-value]


def allow_scripts(command: F) -> F:
    """``--allow-scripts`` for commands that may execute what the repo brings along; it goes to :func:`make_context`."""
    return click.option(
        "--allow-scripts",
        is_flag=True,
        help="Allow what the repo brings along (scripts, runners) for this call.",
    )(command)


def complete_ref(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names and ids of present runs that begin with ``incomplete``, for shell completion."""
    return _complete(ctx, incomplete, (False,))


def complete_any_ref(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The same for archived runs too."""
    return _complete(ctx, incomplete, (False, True))


def _complete(ctx: click.Context, incomplete: str, archived: tuple[bool, ...]) -> list[str]:
    from agency.domain.run import Run
    from agency.sessions.find import find_repo
    from agency.store.runs import list_repo_ids, list_runs

    try:
        context = make_context("completion", DEFAULT_LOCK_TIMEOUT)
        here = find_repo(context, ctx.params.get("repo"))
        repo_ids = [here.repo_id] if here is not None else list_repo_ids(context.paths)
        runs = [
            run for repo_id in repo_ids for old in archived for run in list_runs(context.paths, repo_id, archived=old)
        ]
    except AgencyError:
        return []
    names = sorted({run.name for run in runs if isinstance(run, Run)})
    ids = sorted((run.run_id for run in runs), reverse=True) if incomplete[:1].isdigit() else []
    return [word for word in (*names, *ids) if word.startswith(incomplete)]


def ref_argument(command: F) -> F:
    """``<ref>``: which run."""
    return click.argument("ref", shell_complete=complete_ref)(command)


def make_context(command: str, lock_timeout: float, *, allow_scripts: bool = False, may_ask: bool = False) -> Context:
    """The context of this call. ``may_ask``: a person who is there may be asked about what the repo brings along."""
    environ = dict(os.environ)
    return Context(
        environ=environ,
        cwd=_current_directory(),
        paths=find_paths(environ),
        command=f"agency {command}",
        lock_timeout=lock_timeout,
        tell=note,
        busy=busy,
        ask_consent=confirm if may_ask and can_ask() else None,
        allow_scripts=allow_scripts or environ.get("AGENCY_ALLOW_SCRIPTS") == "1",
    )


def inside(context: Context, repo: str | None) -> Context:
    """The same call as if it had been typed in ``repo``, where one was named: that is where a moved repository is found."""
    return context if repo is None else replace(context, cwd=os.path.join(context.cwd, repo))


def _current_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise AgencyError("E_NO_REPO", "the current directory no longer exists", hint="cd to one that does") from None
