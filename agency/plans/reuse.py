"""A plan and what earlier runs of it completed: told in its events, and looked at again when it is gone on with."""

from collections.abc import Iterable, Mapping
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.planevents import DEPS_SATISFIED, TASK_SEEDED
from agency.plans.active import ActivePlan, load_active
from agency.plans.ledger import Standing, known_tasks, satisfied_elsewhere, standings
from agency.plans.load import load_plan
from agency.sessions.context import Context
from agency.store.plans import write_plan


def tell_reused(plan: ActivePlan, standing: Mapping[str, Standing], tasks: Iterable[str]) -> None:
    """Tell which tasks are not done again."""
    for task_id in tasks:
        entry = standing[task_id].entry
        seeded = TASK_SEEDED({"merge_commit": entry.merge_commit, "ledger_run_id": entry.plan_id})
        plan.log.append(seeded, task_id=task_id)


def tell_satisfied(plan: ActivePlan, external: Mapping[str, Mapping[str, Any]]) -> None:
    """Tell what tasks need wait for no longer. ``external`` is that of an :class:`agency.plans.active.ActivePlan`."""
    for task_id, dependencies in external.items():
        plan.log.append(DEPS_SATISFIED({"deps": [dict(one) for one in dependencies.values()]}), task_id=task_id)


def with_satisfied(context: Context, plan: ActivePlan) -> ActivePlan:
    """The plan as others have gone on with it meanwhile: what its tasks wait for that is none of its own may be done by now."""
    inner = plan.manifests.values()
    if all(name in plan.manifests for manifest in inner for name in manifest.dependencies):
        return plan
    try:
        files = load_plan(plan.repo, plan.name, elsewhere=known_tasks(context, plan.repo, plan.name)).manifests
    except AgencyError:
        files = ()  # the tasks are then what they were when they were completed
    standing = standings(context, plan.repo, plan.name, files, branch=plan.branch)
    external = satisfied_elsewhere(inner, standing)
    fresh = {name: more for name, more in external.items() if set(more) - set(plan.external.get(name, {}))}
    if not fresh:
        return plan
    write_plan(plan.directory, {"external": fresh})
    tell_satisfied(plan, fresh)
    return load_active(context, plan.repo.repo_id, plan.plan_id)
