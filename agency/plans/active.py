"""A plan that is carried out: what was asked for when it was begun, which never changes but for the flags of a resume."""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agency.config.plan import manifest_from, settings_from, values_of
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId, RepoId, is_run_id, is_run_id_prefix, make_run_id
from agency.domain.manifest import Manifest
from agency.domain.plansettings import PlanSettings
from agency.domain.repo import Repo
from agency.plans.load import Plan
from agency.sessions.context import Context
from agency.store.eventlog import EventLog, now
from agency.store.plans import list_plans, log_of_plan, plan_directory, read_plan
from agency.store.plantrash import trash_of_plans

SCHEMA_VERSION = "1.0"


@frozen
class ActivePlan:
    """``branch`` is where the work goes, ``base_commit`` where that stood at the beginning. ``flags`` are those that were given
    on the command line, as they hold in ``settings`` too; ``selected`` are the tasks that were asked for, None for all;
    ``external`` is for each task what it waits for that an earlier run of the plan has done."""

    plan_id: PlanId
    repo: Repo
    directory: str
    name: str
    branch: str
    base_commit: str
    settings: PlanSettings
    manifests: Mapping[str, Manifest]
    flags: Mapping[str, Any]
    selected: tuple[str, ...] | None
    external: Mapping[str, Mapping[str, Any]]
    created_at: str

    @property
    def log(self) -> EventLog:
        """The events of the plan."""
        return log_of_plan(self.directory, self.repo.repo_id, self.plan_id)

    @property
    def session_name(self) -> str:
        """The tmux session of its conductor, when that works detached."""
        return f"agency_{self.plan_id}"

    def report(self, task_id: str, name: str) -> str:
        """Where a report on a task is written."""
        return f"{self.directory}/reports/{task_id}/{name}"

    def log_file(self, name: str) -> str:
        """Where the output of something is written."""
        return f"{self.directory}/logs/{name}"


def record_of_plan(
    plan: Plan,
    repo: Repo,
    plan_id: PlanId,
    *,
    branch: str,
    base: str,
    flags: Mapping[str, Any],
    selected: Sequence[str] | None,
    external: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The ``plan.json`` object of a plan that is about to be carried out."""
    return {
        "schema_version": SCHEMA_VERSION,
        "plan_id": plan_id,
        "repo_id": repo.repo_id,
        "repo_key": repo.repo_key,
        "repo_root": repo.root,
        "git_dir": repo.git_dir,
        "checkout": repo.checkout,
        "name": plan.name,
        "branch": branch,
        "base_commit": base,
        "values": dict(plan.values),
        "flags": dict(flags),
        "selected": list(selected) if selected is not None else None,
        "external": external,
        "tasks": {
            manifest.task_id: {
                "manifest": values_of(manifest),
                "spec": manifest.spec,
                "directory": manifest.directory,
            }
            for manifest in plan.manifests
        },
        "created_at": now(),
    }


def load_active(context: Context, repo_id: RepoId, plan_id: PlanId) -> ActivePlan:
    """The plan of a record. Raises E_PLAN_NOT_FOUND when it cannot be used."""
    directory = plan_directory(context.paths, repo_id, plan_id)
    record = read_plan(directory)
    try:
        return _active(record, directory)
    except (KeyError, TypeError, ValueError) as error:
        raise AgencyError(
            "E_PLAN_NOT_FOUND",
            f"the record of plan {plan_id} cannot be used: {type(error).__name__}: {error}",
            hint="agency plan runs",
            record=f"{directory}/plan.json",
        ) from error


def _active(record: Mapping[str, Any], directory: str) -> ActivePlan:
    flags = dict(record.get("flags") or {})
    selected = record.get("selected")
    tasks = {
        str(task_id): manifest_from(task["manifest"], spec=str(task["spec"]), directory=str(task["directory"]))
        for task_id, task in record["tasks"].items()
    }
    return ActivePlan(
        plan_id=PlanId(record["plan_id"]),
        repo=Repo(
            repo_id=RepoId(record["repo_id"]),
            repo_key=str(record["repo_key"]),
            root=str(record["repo_root"]),
            git_dir=str(record["git_dir"]),
            checkout=record.get("checkout"),
        ),
        directory=directory,
        name=str(record["name"]),
        branch=str(record["branch"]),
        base_commit=str(record["base_commit"]),
        settings=with_flags(settings_from(record["values"]), flags),
        manifests=tasks,
        flags=flags,
        selected=tuple(selected) if selected is not None else None,
        external=dict(record.get("external") or {}),
        created_at=str(record["created_at"]),
    )


def with_flags(settings: PlanSettings, flags: Mapping[str, Any]) -> PlanSettings:
    """The settings with what was given on the command line in place of what the files say."""
    limits = {
        name: value for name, value in flags.items() if name.startswith("max_") and hasattr(settings.limits, name)
    }
    own = {name: value for name, value in flags.items() if hasattr(settings, name)}
    return replace(settings, **own, limits=replace(settings.limits, **limits))


def find_plan_id(context: Context, repo: Repo, ref: str | None) -> PlanId:
    """The plan that ``ref`` means among those that were begun: an id, its beginning, or a name, which means the last of that
    name; the last of all without one. Raises E_PLAN_NOT_FOUND."""
    plans = list_plans(context.paths, repo.repo_id)
    if not plans:
        raise AgencyError("E_PLAN_NOT_FOUND", "no plan was begun in this repo", hint="agency plan run")
    if ref is None:
        return plans[-1]
    if is_run_id_prefix(ref):
        found = [plan_id for plan_id in plans if plan_id.startswith(ref)]
        if len(found) > 1:
            raise AgencyError(
                "E_PLAN_NOT_FOUND", f"{ref} fits {len(found)} plans", hint="use more of the id", plans=list(found)
            )
        if found:
            return found[0]
    for plan_id in reversed(plans):
        with contextlib.suppress(AgencyError):
            if read_plan(plan_directory(context.paths, repo.repo_id, plan_id)).get("name") == ref:
                return plan_id
    raise AgencyError("E_PLAN_NOT_FOUND", f"no plan {ref} was begun in this repo", hint="agency plan runs")


def free_plan_id(context: Context, repo: Repo) -> PlanId:
    """An id that neither a plan nor a run of the repo has. Hold the repo lock."""
    places = [place(repo.repo_id) for place in (context.paths.plans, context.paths.runs, context.paths.archive)]
    places.append(trash_of_plans(context.paths, repo.repo_id))
    while True:
        plan_id = make_run_id(time.strftime("%Y%m%d%H%M%S", time.gmtime()), os.urandom(2).hex())
        if is_run_id(plan_id) and not any(os.path.lexists(f"{place}/{plan_id}") for place in places):
            return PlanId(plan_id)
