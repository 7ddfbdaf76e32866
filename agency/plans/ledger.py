"""What earlier runs of a plan completed: told when a task is complete, asked when a plan is begun or gone on with.

An entry that is missing or damaged is made from the records of the plan runs, where they still tell it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from agency.config.plan import values_of
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId
from agency.domain.ledger import LedgerEntry, fingerprint_of, why_not
from agency.domain.manifest import Manifest, order_of
from agency.domain.planstate import COMPLETE
from agency.domain.repo import Repo
from agency.sessions.context import Context
from agency.store.eventlog import now
from agency.store.ledger import list_entries, read_entry, write_entry
from agency.store.plans import list_plans, log_of_plan, plan_directory, read_plan, read_plan_state
from agency.store.plantrash import list_trashed, trashed_directory
from agency.tools.git.command import Git

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


@frozen
class Standing:
    """An entry, and why it does not count now (None: it does)."""

    entry: LedgerEntry
    why_not: str | None


def fingerprint(manifest: Manifest) -> str:
    """What tells a task from what it was before."""
    return fingerprint_of(values_of(manifest), manifest.spec)


def note_completed(conductor: "Conductor", task_id: str, commit: str | None) -> None:
    """Keep that a task is complete, for later runs of the plan. A plan goes on without it, which is told."""
    plan, task = conductor.plan, conductor.state.tasks[task_id]
    merged = commit or task.base
    if merged is None:
        return
    entry = LedgerEntry(
        plan=plan.name,
        task_id=task_id,
        fingerprint=fingerprint(plan.manifests[task_id]),
        merge_commit=merged,
        branch=plan.branch,
        plan_id=plan.plan_id,
        completed_at=now(),
    )
    try:
        write_entry(conductor.context.paths, plan.repo.repo_id, entry)
    except AgencyError as error:
        conductor.tell(f"later runs of the plan may not know that task {task_id} is complete: {error.message}")


def known_tasks(context: Context, repo: Repo, plan: str) -> tuple[str, ...]:
    """The tasks of a plan that were ever completed."""
    told = {task_id for name, task_id in list_entries(context.paths, repo.repo_id) if name == plan}
    return tuple(sorted({*told, *_from_records(context, repo, plan)}, key=order_of))


def plans_known(context: Context, repo: Repo) -> tuple[str, ...]:
    """The plans of which a task was ever completed, or a run was begun."""
    paths, repo_id = context.paths, repo.repo_id
    names = {name for name, _ in list_entries(paths, repo_id)}
    for directory in _records(context, repo).values():
        try:
            names.add(str(read_plan(directory).get("name")))
        except AgencyError:
            continue
    return tuple(sorted(names))


def standings(
    context: Context, repo: Repo, plan: str, manifests: Iterable[Manifest], *, branch: str | None
) -> dict[str, Standing]:
    """What counts now in ``branch`` (None: where each was merged) of what was completed of a plan, whose tasks are ``manifests``
    as they are in the repo. Raises E_STORE_FAILED for an entry that cannot be read and that no record of a plan run tells."""
    now_there = {manifest.task_id: fingerprint(manifest) for manifest in manifests}
    recorded = _from_records(context, repo, plan)
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    found = {}
    for task_id in known_tasks(context, repo, plan):
        entry = _entry(context, repo, plan, task_id, recorded)
        if entry is None:
            continue
        where = branch or entry.branch
        reachable = git.ask("merge-base", "--is-ancestor", entry.merge_commit, f"refs/heads/{where}").code == 0
        why = why_not(entry, now_there.get(task_id), reachable=reachable, branch=where)
        found[task_id] = Standing(entry=entry, why_not=why)
    return found


def satisfied_elsewhere(
    manifests: Iterable[Manifest], standing: Mapping[str, Standing]
) -> dict[str, dict[str, dict[str, str]]]:
    """For each of the tasks ``manifests`` what it waits for that is none of them and counts as done: the task, and what is known
    of it."""
    tasks = {manifest.task_id: manifest.dependencies for manifest in manifests}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for task_id, dependencies in tasks.items():
        for name in dependencies:
            known = standing.get(name)
            if name not in tasks and known is not None and known.why_not is None:
                found.setdefault(task_id, {})[name] = told_of(known.entry)
    return found


def told_of(entry: LedgerEntry) -> dict[str, str]:
    """An entry as events tell of it."""
    return {
        "dep_id": entry.task_id,
        "merge_commit": entry.merge_commit,
        "ledger_run_id": entry.plan_id,
        "completed_at": entry.completed_at,
    }


def _entry(
    context: Context, repo: Repo, plan: str, task_id: str, recorded: Mapping[str, LedgerEntry]
) -> LedgerEntry | None:
    try:
        known = read_entry(context.paths, repo.repo_id, plan, task_id)
        if known is not None or task_id not in recorded:
            return known
    except AgencyError as error:
        if task_id not in recorded:
            raise
        context.tell(f"{error.message}; going by the record of plan run {recorded[task_id].plan_id}")
    entry = recorded[task_id]
    return replace(entry, completed_at=_completed_at(context, repo, entry) or entry.completed_at)


def _from_records(context: Context, repo: Repo, plan: str) -> dict[str, LedgerEntry]:
    """What the records of the plan's runs tell, of which a later one wins. Those that cannot be read are passed over."""
    found: dict[str, LedgerEntry] = {}
    for plan_id, directory in sorted(_records(context, repo).items()):
        try:
            record = read_plan(directory)
            state = read_plan_state(directory)
        except AgencyError:
            continue
        if record.get("name") != plan:
            continue
        for task_id, task in state.tasks.items():
            told = record.get("tasks", {}).get(task_id)
            merged = task.merged or task.base
            if task.status == COMPLETE and task.dispatches and merged is not None and isinstance(told, dict):
                found[task_id] = LedgerEntry(
                    plan=plan,
                    task_id=task_id,
                    fingerprint=fingerprint_of(told["manifest"], str(told["spec"])),
                    merge_commit=merged,
                    branch=str(record.get("branch")),
                    plan_id=plan_id,
                    completed_at=str(record.get("created_at")),
                )
    return found


def _records(context: Context, repo: Repo) -> dict[PlanId, str]:
    """The runs of plans, cleaned ones too, and where the record of each stands."""
    paths, repo_id = context.paths, repo.repo_id
    present = {plan_id: plan_directory(paths, repo_id, plan_id) for plan_id in list_plans(paths, repo_id)}
    return present | {plan_id: trashed_directory(paths, repo_id, plan_id) for plan_id in list_trashed(paths, repo_id)}


def _completed_at(context: Context, repo: Repo, entry: LedgerEntry) -> str | None:
    """When the task was completed, as the events of the plan run tell."""
    plan_id = PlanId(entry.plan_id)
    for event in log_of_plan(_records(context, repo)[plan_id], repo.repo_id, plan_id).read():
        if event["event"] == "task.complete" and event.get("task_id") == entry.task_id:
            return str(event.get("timestamp"))
    return None
