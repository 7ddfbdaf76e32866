"""The worktree of a plan in which finished tasks are combined with the branch and judged. All it holds is made from commits."""

import os
from collections.abc import Callable

from agency.domain.errors import AgencyError
from agency.domain.ids import PlanId
from agency.domain.repo import Repo
from agency.plans.active import ActivePlan
from agency.plans.commands import run_line
from agency.plans.tree import add_tree, discard_tree
from agency.sessions.context import Context
from agency.tools.git.command import LONG, Git
from agency.tools.git.submodules import fill_submodules
from agency.tools.git.worktree import resolve


def place_of(context: Context, plan: ActivePlan) -> str:
    """Where it is."""
    return context.paths.integration(plan.repo.repo_id, plan.plan_id)


def stand_on(context: Context, plan: ActivePlan, commit: str, tell: Callable[[str], None]) -> str:
    """Make the worktree hold exactly the files of ``commit``, besides ignored ones; where it is. A new one is made ready with the
    bootstrap commands of the plan. Raises E_GIT_FAILED, E_SCRIPT_FAILED when one of them fails."""
    place = place_of(context, plan)
    git = Git(environ=context.environ, tree=place)
    if not os.path.isdir(place) or resolve(git, "HEAD") is None:
        add_tree(context, plan.repo, place, commit, owner=plan.plan_id)
    git.do("checkout", "--quiet", "--force", "--detach", commit, timeout=LONG)
    git.do("clean", "--quiet", "-d", "--force", "--force", timeout=LONG)
    fill_submodules(git, plan.repo.git_dir)
    ready = f"{plan.directory}/integration-ready"
    if plan.settings.bootstrap and _incarnation(place) != _noted(ready):
        for number, line in enumerate(plan.settings.bootstrap, 1):
            tell(f"bootstrap of the integration worktree: {line}")
            ended = run_line(
                line,
                directory=place,
                environ=context.environ,
                owner=plan.plan_id,
                timeout=plan.settings.bootstrap_timeout,
                log=plan.log_file(f"integration-bootstrap-{number}.log"),
            )
            if not ended.ok:
                raise AgencyError(
                    "E_SCRIPT_FAILED",
                    f"the bootstrap command {line} failed where finished tasks are combined",
                    hint=f"mend it, then: agency plan resume {plan.plan_id}",
                    log=ended.log,
                )
        with open(ready, "w", encoding="utf-8") as file:
            file.write(_incarnation(place))
    return place


def discard_integration(context: Context, plan: ActivePlan) -> None:
    """Remove the worktree, when there is one, with what a killed conductor left running in it."""
    discard_integration_of(context, plan.repo, plan.plan_id)


def discard_integration_of(context: Context, repo: Repo, plan_id: PlanId) -> None:
    """The same for a plan whose record need not be readable."""
    discard_tree(context, repo, context.paths.integration(repo.repo_id, plan_id), owner=plan_id)


def _incarnation(place: str) -> str:
    """What tells this worktree from one that was made later at the same place."""
    seen = os.stat(f"{place}/.git")
    return f"{seen.st_ino}-{seen.st_ctime_ns}"


def _noted(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None
