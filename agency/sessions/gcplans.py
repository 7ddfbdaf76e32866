"""Letting go of the records of plans that were cleaned, or are complete, long ago."""

import os
from datetime import UTC, datetime

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId, RepoId
from agency.domain.planstate import COMPLETE
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.find import find_repo
from agency.store.plans import conductor_of, list_plans, plan_directory, read_plan, read_plan_state
from agency.store.plantrash import (
    list_trashed,
    read_cleaning,
    remove_plan_record,
    trash_of_plans,
    trashed_directory,
)
from agency.store.repos import read_repo
from agency.store.runs import list_runs, sweep_hidden
from agency.tools.git.command import Git
from agency.tools.git.keptrefs import drop_refs
from agency.tools.git.planrefs import plan_refs


@frozen
class OldPlan:
    """A plan on disk. ``cleaned_at`` is when it was cleaned, None when it was not."""

    plan_id: PlanId
    name: str
    directory: str
    cleaned_at: str | None


def every_plan(context: Context, repo_id: RepoId) -> list[OldPlan]:
    """The plans of a repo, cleaned ones too."""
    present = [
        _described(plan_id, plan_directory(context.paths, repo_id, plan_id))
        for plan_id in list_plans(context.paths, repo_id)
    ]
    trashed = [
        _described(plan_id, trashed_directory(context.paths, repo_id, plan_id))
        for plan_id in list_trashed(context.paths, repo_id)
    ]
    return [*present, *trashed]


def due_plans(context: Context, repo_id: RepoId, limit: datetime) -> list[OldPlan]:
    """Those that were cleaned before ``limit``, or were complete then and have no present run. What is not complete stays until
    it is cleaned."""
    return [plan for plan in every_plan(context, repo_id) if _is_due(context, repo_id, plan, limit)]


def let_go_of_plan(context: Context, repo_id: RepoId, plan: OldPlan, limit: datetime) -> bool:
    """Its refs, then its record: interrupted, the next gc finds the record and goes on. False, and nothing done, when it is no
    longer due by the time the lock is held."""
    with context.lock(repo_id) as lock:
        if not os.path.isdir(plan.directory) or not _is_due(context, repo_id, plan, limit):
            return False
        git_dir = _git_dir(context, repo_id)
        if git_dir is not None:
            git = Git(environ=context.environ, git_dir=git_dir, lock_fd=lock.fd)
            drop_refs(git, [*plan_refs(git, plan.plan_id), *plan_refs(git, plan.plan_id, trashed=True)])
        remove_plan_record(plan.directory)
    return True


def sweep_plans(context: Context, repo_id: RepoId) -> None:
    """Remove what a killed begin or removal of a plan left. Hold the repo lock."""
    sweep_hidden(context.paths.plans(repo_id))
    sweep_hidden(trash_of_plans(context.paths, repo_id))


def _is_due(context: Context, repo_id: RepoId, plan: OldPlan, limit: datetime) -> bool:
    if conductor_of(plan.directory) is not None:
        return False
    if plan.cleaned_at is None:
        try:
            if read_plan_state(plan.directory).status != COMPLETE or read_cleaning(plan.directory) is not None:
                return False
        except AgencyError:
            return False
        if any(
            isinstance(run, Run) and run.task is not None and run.task.plan_id == plan.plan_id
            for run in list_runs(context.paths, repo_id)
        ):
            return False
    return _since(plan) <= limit


def _since(plan: OldPlan) -> datetime:
    """When it was cleaned, or its state last changed."""
    try:
        return datetime.fromisoformat(plan.cleaned_at or "")
    except ValueError:
        return datetime.fromtimestamp(os.stat(f"{plan.directory}/state.json").st_mtime, UTC)


def _described(plan_id: PlanId, directory: str) -> OldPlan:
    try:
        name = str(read_plan(directory).get("name"))
    except AgencyError:
        name = "<broken>"
    try:
        cleaning = read_cleaning(directory) or {}
    except AgencyError:
        cleaning = {}
    return OldPlan(plan_id=plan_id, name=name, directory=directory, cleaned_at=cleaning.get("finished_at"))


def _git_dir(context: Context, repo_id: RepoId) -> str | None:
    """Where the repository is: around the caller, or where it was seen last; None when it is gone."""
    here = find_repo(context)
    if here is not None and here.repo_id == repo_id:
        return here.git_dir
    git_dir = str(read_repo(context.paths, repo_id).get("git_dir") or "")
    return git_dir if os.path.isdir(git_dir) else None
