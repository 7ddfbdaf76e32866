"""Reading a plan from the repo: its settings and its tasks, checked as a whole."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from agency.config.controlplane import controlplane_of
from agency.config.plan import PLAN_FILE, read_plan_values, read_task, settings_from, task_directories
from agency.domain.consent import Item
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import NAME_RULE, is_valid_name
from agency.domain.manifest import Manifest
from agency.domain.plancheck import problems_of
from agency.domain.planconsent import plan_item
from agency.domain.plansettings import PlanSettings
from agency.domain.repo import Repo

PLANS = ".agency/plans"
"""Where a repo keeps its plans, a directory each."""


@frozen
class Plan:
    """A plan as it stands in the repo. ``values`` are those of its settings, as they are kept in a record."""

    name: str
    directory: str
    settings: PlanSettings
    values: Mapping[str, Any]
    manifests: tuple[Manifest, ...]


def plans_of(repo: Repo) -> list[str]:
    """The names of the plans of a repo."""
    place = f"{repo.checkout or repo.root}/{PLANS}"
    try:
        names = os.listdir(place)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in names if is_valid_name(name) and os.path.isdir(f"{place}/{name}"))


def items_of_plans(repo: Repo) -> list[Item]:
    """What the plans of a repo would have executed, of those that can be carried out as they stand."""
    items = []
    for name in plans_of(repo):
        with suppress(AgencyError):
            plan = load_plan(repo, name)
            items.append(plan_item(name, plan.settings, plan.manifests))
    return items


def choose_plan(repo: Repo, name: str | None) -> str:
    """The plan that ``name`` means: the only one without a name. Raises E_PLAN_NOT_FOUND, E_INVALID_NAME."""
    names = plans_of(repo)
    if name is not None:
        if not is_valid_name(name):
            raise AgencyError("E_INVALID_NAME", f"{name!r} cannot name a plan", hint=f"a name has {NAME_RULE}")
        if name not in names:
            raise AgencyError(
                "E_PLAN_NOT_FOUND",
                f"this repo has no plan {name}",
                hint=f"agency plan init {name}, or agency plan draft {name} --input plan.md",
                plans=names or None,
            )
        return name
    if len(names) == 1:
        return names[0]
    raise AgencyError(
        "E_PLAN_NOT_FOUND",
        "this repo has no plan" if not names else f"this repo has {len(names)} plans",
        hint="agency plan init NAME" if not names else "name one of them",
        plans=names or None,
    )


def plan_directory_of(repo: Repo, name: str) -> str:
    """Where the repo keeps the plan."""
    return f"{repo.checkout or repo.root}/{PLANS}/{name}"


def settings_files(repo: Repo, name: str) -> tuple[str, ...]:
    """The files that say what holds for the plan, of which a later one wins: beside ``agency.yaml``, and beside its tasks."""
    return (f"{repo.checkout or repo.root}/{PLAN_FILE}", f"{plan_directory_of(repo, name)}/{PLAN_FILE}")


def load_plan(repo: Repo, name: str, *, elsewhere: Sequence[str] = ()) -> Plan:
    """The plan ``name``, which can be carried out as it stands. ``elsewhere`` are tasks that were done before.

    Raises E_INVALID_PLAN with everything that is wrong at once.
    """
    wrong: list[str] = []
    values: dict[str, Any] = {}
    try:
        values = read_plan_values(settings_files(repo, name))
    except AgencyError as error:
        wrong.append(_told(error))
    manifests: list[Manifest] = []
    for directory in task_directories(f"{plan_directory_of(repo, name)}/tasks"):
        try:
            manifests.append(read_task(directory))
        except AgencyError as error:
            wrong.append(_told(error))
    settings = settings_from(values)
    manifests.sort(key=lambda manifest: manifest.order)
    if not wrong:
        wrong += problems_with(manifests, settings, elsewhere=elsewhere)
    if wrong:
        raise invalid_plan(name, wrong)
    return Plan(
        name=name,
        directory=plan_directory_of(repo, name),
        settings=settings,
        values=values,
        manifests=tuple(manifests),
    )


def problems_with(manifests: Sequence[Manifest], settings: PlanSettings, *, elsewhere: Sequence[str] = ()) -> list[str]:
    """Everything that is wrong with tasks as a whole. ``elsewhere`` are tasks that others may wait for besides."""
    control = controlplane_of(settings)
    follow = control.enabled and control.lock_mode == "derived"
    return [str(one) for one in problems_of(manifests, settings, elsewhere=elsewhere, locks_follow=follow)]


def invalid_plan(name: str, problems: Sequence[str]) -> AgencyError:
    """The error for a plan with which ``problems`` are there."""
    count = len(problems)
    return AgencyError(
        "E_INVALID_PLAN",
        f"plan {name} has {count} problem{'' if count == 1 else 's'}",
        hint=f"mend {'it' if count == 1 else 'them'}, then: agency plan check {name}",
        problems=list(problems),
    )


def _told(error: AgencyError) -> str:
    file, line = error.details.get("file"), error.details.get("line")
    where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
    return f"{where}{error.message}"
