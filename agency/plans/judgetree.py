"""Worktrees for those who only look: validators at finished work, planners at the repo. All they hold is made from commits."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from agency.domain.ids import PlanId
from agency.domain.repo import Repo
from agency.plans.active import ActivePlan
from agency.plans.tree import add_tree, discard_tree
from agency.sessions.context import Context
from agency.tools.git.command import Git
from agency.tools.git.worktree import fill_tree
from agency.tools.identity import process_started


@contextmanager
def standing_on(context: Context, repo: Repo, place: str, commit: str, *, owner: str) -> Iterator[str]:
    """A worktree at ``place`` with the files of ``commit`` for as long as the block lasts; where it is. ``owner`` marks what is
    started in it. Raises E_GIT_FAILED, E_REPO_LOCKED."""
    try:
        add_tree(context, repo, place, commit, owner=owner)
        fill_tree(Git(environ=context.environ, tree=place))
        yield place
    finally:
        _discard(context, repo, place, owner)


def asking_place(context: Context, repo: Repo) -> str:
    """Where a worktree of this process can stand in which the repo itself is looked at. Those of processes that are gone go."""
    places = context.paths.asking(repo.repo_id)
    try:
        names = os.listdir(places)
    except (FileNotFoundError, NotADirectoryError):
        names = []
    for name in names:
        pid, _, started = name.partition("-")
        if not pid.isdigit() or process_started(int(pid)) != started:
            _discard(context, repo, f"{places}/{name}", asker_in(f"{places}/{name}"))
    return f"{places}/{os.getpid()}-{process_started(os.getpid())}"


def asker_in(place: str) -> str:
    """What marks the processes that are started in such a worktree."""
    return f"asked-{os.path.basename(place)}"


def discard_judging(context: Context, plan: ActivePlan) -> None:
    """Remove what a killed conductor left of such worktrees, with what runs in them."""
    discard_judging_of(context, plan.repo, plan.plan_id)


def discard_judging_of(context: Context, repo: Repo, plan_id: PlanId) -> None:
    """The same for a plan of which only the id is known."""
    places = context.paths.judging(repo.repo_id, plan_id)
    try:
        names = os.listdir(places)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        _discard(context, repo, f"{places}/{name}", plan_id)


def _discard(context: Context, repo: Repo, place: str, owner: str) -> None:
    discard_tree(context, repo, place, owner=owner)
    try:
        os.rmdir(os.path.dirname(place))
    except OSError:  # others stand beside it, or it was never made
        pass
