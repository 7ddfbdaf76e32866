"""What the commands on the components of a repo share."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from agency.cli.options import as_json, common, make_context
from agency.domain.components import Component, Model
from agency.domain.controlplane import ControlPlane
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.plansettings import PlanSettings
from agency.domain.repo import Repo
from agency.sessions.context import Context

F = TypeVar("F", bound=Callable[..., Any])
Where = tuple[str | None, float, str, str | None]
"""The options repo, lock_timeout, at and plan."""


@frozen
class Graph:
    """The components of a commit with the settings that hold for them."""

    context: Context
    repo: Repo
    settings: PlanSettings
    control: ControlPlane
    model: Model

    def component(self, component_id: str) -> Component:
        """The component of that id. Raises E_COMPONENT_NOT_FOUND."""
        found = self.model.components.get(component_id)
        if found is None:
            from agency.domain.reference import nearest

            close = nearest(component_id, list(self.model.components))
            raise AgencyError(
                "E_COMPONENT_NOT_FOUND",
                f"there is no component {component_id}" + (f"; did you mean {' or '.join(close)}?" if close else ""),
                hint="agency plan graph components",
                commit=self.model.commit,
            )
        return found

    def changed(self, paths: Sequence[str], *, changed: bool, against: str | None) -> list[str]:
        """The files that a command is about. Raises a usage error unless they are told in exactly one way."""
        from agency.plans.graph import changed_against, changed_here

        if sum((bool(paths), changed, against is not None)) != 1:
            raise click.UsageError("name paths, or one of --changed and --against REV")
        if changed:
            return changed_here(self.context, self.repo)
        if against is not None:
            return changed_against(self.context, self.repo, against, tip=self.model.commit)
        return in_repo(paths)


def graph_options(command: F) -> F:
    """The options that each of these commands has; they go to :func:`open_graph` as ``where``."""
    from functools import wraps

    @wraps(command)
    def gather(*args: Any, repo: str | None, lock_timeout: float, at: str, plan: str | None, **named: Any) -> Any:
        return command(*args, where=(repo, lock_timeout, at, plan), **named)

    wrapped: Any = as_json(common(gather))
    wrapped = click.option("--plan", metavar="NAME", help="The plan whose plan.yaml holds; the only one without it.")(
        wrapped
    )
    return click.option(  # type: ignore[no-any-return]
        "--at", metavar="REV", default="HEAD", show_default=True, help="The commit to look at."
    )(wrapped)


def changes_options(command: F) -> F:
    """The ways to tell which files were changed."""
    command = click.option("--against", metavar="REV", help="What the commit changed since it left REV.")(command)
    command = click.option("--changed", is_flag=True, help="What is uncommitted in your checkout.")(command)
    return click.argument("paths", nargs=-1)(command)


def open_graph(command: str, where: Where) -> Graph:
    """The graph that the options name. Raises E_NO_REPO, E_PLAN_NOT_FOUND, E_INVALID_PLAN, E_USAGE."""
    from agency.config.controlplane import controlplane_of
    from agency.config.plan import read_plan_values, settings_from
    from agency.plans.graph import model_at
    from agency.plans.load import choose_plan, plans_of, settings_files
    from agency.sessions.find import require_repo

    repo, lock_timeout, at, plan = where
    context = make_context(f"plan graph {command}", lock_timeout)
    here = require_repo(context, repo)
    if plan is not None or len(plans_of(here)) == 1:
        files = settings_files(here, choose_plan(here, plan))
    else:
        files = settings_files(here, "")[:1]
    settings = settings_from(read_plan_values(files))
    control = controlplane_of(settings)
    return Graph(
        context=context,
        repo=here,
        settings=settings,
        control=control,
        model=model_at(context, here, at, control),
    )


def in_repo(paths: Iterable[str]) -> list[str]:
    """Paths as the repo has them. Raises a usage error for one that is outside."""
    import posixpath

    found = []
    for path in paths:
        name = posixpath.normpath(path)
        if not path or name.startswith(("/", "../")) or name == "..":
            raise click.UsageError(f"{path or 'an empty path'} is not relative to the top of the repo")
        found.append("" if name == "." else name)
    return found


def listed(names: Iterable[str]) -> str:
    """Names on one line; a hyphen for none."""
    return ", ".join(names) or "-"
