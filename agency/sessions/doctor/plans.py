"""What plans left behind: cleanings that were interrupted, plans that nobody drives on, refs without a plan."""

import os

from agency.domain.errors import AgencyError
from agency.domain.ids import PlanId
from agency.domain.planstate import COMPLETE, RUNNING
from agency.domain.repo import Repo
from agency.sessions.context import Context
from agency.sessions.doctor.check import Check
from agency.store.plans import conductor_of, list_plans, plan_directory, read_plan, read_plan_state
from agency.store.plantrash import list_trashed, read_cleaning
from agency.tools.git.command import Git
from agency.tools.git.planrefs import plan_refs, plans_with_refs


def _worktrees(context: Context, repo: Repo, plan_id: PlanId) -> list[Check]:
    """Those of a plan that needs none any more."""
    paths = context.paths
    places = (paths.integration(repo.repo_id, plan_id), paths.judging(repo.repo_id, plan_id))
    mend = f"agency plan clean {plan_id}"
    return [
        Check(name="plan", state="warning", text=f"{place} is of a plan that has ended", mend=mend)
        for place in places
        if os.path.lexists(place)
    ]


def check_plans(context: Context, repo: Repo) -> list[Check]:
    """The plans that were begun in ``repo``."""
    plans = list_plans(context.paths, repo.repo_id)
    checks = []
    for plan_id in plans:
        directory = plan_directory(context.paths, repo.repo_id, plan_id)
        try:
            name = read_plan(directory).get("name")
            status, cleaning = read_plan_state(directory).status, read_cleaning(directory)
        except AgencyError as error:
            mend = f"agency plan clean {plan_id} puts it away"
            checks.append(Check(name="plan", state="warning", text=f"{plan_id}: {error.message}", mend=mend))
            continue
        if cleaning is not None and not (cleaning.get("keep_logs") and cleaning.get("finished_at")):
            text = f"the cleaning of plan {name} ({plan_id}) was interrupted"
            checks.append(Check(name="plan", state="warning", text=text, mend=f"agency plan clean {plan_id}"))
        elif cleaning is None and status == RUNNING and conductor_of(directory) is None:
            text = f"plan {name} ({plan_id}) has not ended, and no conductor drives it"
            checks.append(Check(name="plan", state="note", text=text, mend=f"agency plan resume {plan_id}"))
        elif cleaning is not None or status == COMPLETE:
            checks += _worktrees(context, repo, plan_id)
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    known = {str(plan_id) for plan_id in (*plans, *list_trashed(context.paths, repo.repo_id))}
    for lost in sorted(plans_with_refs(git) - known):
        refs = list(plan_refs(git, lost))
        text = f"{len(refs)} ref{'' if len(refs) == 1 else 's'} of plan {lost}, which is gone"
        checks.append(
            Check(name="plan", state="warning", text=text, mend="; ".join(f"git update-ref -d {ref}" for ref in refs))
        )
    if not checks and plans:
        count = len(plans)
        return [Check(name="plans", state="ok", text=f"{count} plan{'' if count == 1 else 's'}, none half-done")]
    return checks
