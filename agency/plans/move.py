"""The branch of a plan: where it is, and moving it by compare-and-swap, together with the checkout that stands on it."""

from agency.domain.errors import AgencyError
from agency.domain.plandata import MergeMoving
from agency.domain.planevents import MERGE_MOVING
from agency.domain.repo import Repo
from agency.plans.active import ActivePlan
from agency.sessions.context import Context
from agency.tools.git.command import Git
from agency.tools.git.target import checkouts_of, finish_move, is_half_moved, move_branch, unclean
from agency.tools.git.worktree import resolve


def tip_of(context: Context, plan: ActivePlan) -> str:
    """The commit of the branch. Raises E_PARENT_BRANCH_NOT_FOUND."""
    git = Git(environ=context.environ, git_dir=plan.repo.git_dir)
    tip = resolve(git, f"refs/heads/{plan.branch}")
    if tip is None:
        raise AgencyError(
            "E_PARENT_BRANCH_NOT_FOUND",
            f"there is no local branch {plan.branch}",
            hint=f"git branch {plan.branch} {plan.base_commit}, then: agency plan resume {plan.plan_id}",
            branch=plan.branch,
        )
    return tip


def require_movable(context: Context, repo: Repo, branch: str) -> str | None:
    """The checkout that stands on the branch and can be moved along, None when none does. Raises E_TARGET_DIRTY."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    places = checkouts_of(git, branch)
    for place in places:
        reason = unclean(Git(environ=context.environ, tree=place))
        if reason is not None:
            raise AgencyError(
                "E_TARGET_DIRTY",
                f"the checkout of {branch} cannot be brought along: {reason}",
                hint="commit or stash there; the plan goes on by itself",
                checkout=place,
            )
    if len(places) > 1:
        raise AgencyError(
            "E_TARGET_DIRTY",
            f"{branch} is checked out in {len(places)} places, which cannot be moved at once",
            hint="git worktree remove one of them; the plan goes on by itself",
            checkouts=places,
        )
    return places[0] if places else None


def move(context: Context, plan: ActivePlan, tasks: list[str], *, old: str, new: str) -> bool:
    """Move the branch from ``old`` to ``new``, which is told before; False when it is elsewhere by now. Raises E_TARGET_DIRTY."""
    with context.lock(plan.repo.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=plan.repo.git_dir, lock_fd=lock.fd)
        if resolve(git, f"refs/heads/{plan.branch}") != old:
            return False
        checkout = require_movable(context, plan.repo, plan.branch)
        moving: MergeMoving = {"tasks": tasks, "branch": plan.branch, "old": old, "new": new}
        if checkout is not None:
            moving["checkout"] = checkout
            git = Git(environ=context.environ, tree=checkout, lock_fd=lock.fd)
        plan.log.append(MERGE_MOVING(moving), durable=True)
        return move_branch(git, plan.branch, old=old, new=new, why=_why(plan, tasks))


def settle_move(context: Context, plan: ActivePlan, moving: MergeMoving) -> bool:
    """Whether a move that a killed conductor had begun came to its end; one that had only moved the checkout is finished."""
    old, new = moving["old"], moving["new"]
    with context.lock(plan.repo.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=plan.repo.git_dir, lock_fd=lock.fd)
        if git.ask("merge-base", "--is-ancestor", new, f"refs/heads/{plan.branch}").code == 0:
            return True
        checkout = moving.get("checkout")
        if checkout is None or resolve(git, f"refs/heads/{plan.branch}") != old:
            return False
        inside = Git(environ=context.environ, tree=checkout, lock_fd=lock.fd)
        if not is_half_moved(inside, old=old, new=new):
            return False
        return finish_move(inside, plan.branch, old=old, new=new, why=_why(plan, moving["tasks"]))


def _why(plan: ActivePlan, tasks: list[str]) -> str:
    return f"agency plan {plan.name}: task{'' if len(tasks) == 1 else 's'} {', '.join(tasks)}"
