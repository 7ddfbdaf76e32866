"""What a task made: its work becomes one commit, and what it changed is measured against what it had declared."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agency.domain.compliance import comply, report_of, resources_of, violation_record, widened
from agency.domain.errors import AgencyError
from agency.domain.planstate import TaskState
from agency.domain.run import Run
from agency.domain.taskjob import commit_message
from agency.plans.active import ActivePlan
from agency.plans.controlled import Controlled, Reach, controlled_at, keep_report, reach_report
from agency.plans.dispatch import run_of_task
from agency.sessions.context import Context
from agency.store.jobs import read_job
from agency.store.records import make_directory, write_record
from agency.store.steps import read_step
from agency.tools.git.command import LONG, Git
from agency.tools.git.planrefs import PLANS
from agency.tools.git.worktree import resolve


def finish_task(context: Context, plan: ActivePlan, task_id: str, task: TaskState) -> Mapping[str, Any]:
    """Make the one commit of a task whose job is done, and look at what it changed.

    Gives ``commit`` (None: it changed nothing), ``base``, ``changed`` and what :func:`_complied` gives. Raises E_GIT_FAILED.
    """
    run = run_of_task(context, plan, task)
    if run is None:
        raise AgencyError("E_RUN_NOT_FOUND", f"the run of task {task_id} is gone", hint="agency plan review retry")
    base = run.base_commit
    tree = _last_tree(run)
    git = Git(environ=context.environ, git_dir=plan.repo.git_dir)
    if tree == git.say("rev-parse", f"{base}^{{tree}}"):
        return {"commit": None, "base": base, "changed": [], **_complied(plan, task_id, task, [], None)}
    manifest = plan.manifests[task_id]
    commit = git.do("commit-tree", tree, "-p", base, "-F", "-", stdin=commit_message(manifest).encode()).text
    changed = git.items("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, commit)
    assert task.dispatch is not None
    with context.lock(run.repo_id) as lock:
        locked = replace(git, lock_fd=lock.fd)
        _keep(locked, f"{PLANS}/{plan.plan_id}/{task_id}/{task.dispatch.number}", commit)
        before = resolve(locked, f"refs/heads/{run.branch}")
        if before is not None and before not in (commit, base):
            _keep(locked, f"{PLANS}/{plan.plan_id}/{task_id}/{task.dispatch.number}-own", before)
        inside = Git(environ=context.environ, tree=run.worktree, lock_fd=lock.fd)
        inside.do("update-ref", "-m", f"agency plan: task {task_id}", f"refs/heads/{run.branch}", commit)
    Git(environ=context.environ, tree=run.worktree).do("reset", "--quiet", "--mixed", timeout=LONG)
    control = controlled_at(context, plan.repo, plan.settings, base)
    complied = _complied(plan, task_id, task, changed, control)
    if control is not None:
        complied["reach"] = _reach(plan, task_id, task, control.reach_of(changed), base=base, head=commit)
    return {"commit": commit, "base": base, "changed": changed, **complied}


def _keep(git: Git, ref: str, commit: str) -> None:
    git.do("update-ref", ref, commit)


def _last_tree(run: Run) -> str:
    """The tree that the checks of the last step accepted. Raises E_CHECKPOINT_INVALID when it is not there."""
    job = read_job(run.directory)
    try:
        last = read_step(run.directory, len(job.steps) - 1) if job is not None else None
    except ValueError:
        last = None
    if last is None:
        raise AgencyError(
            "E_CHECKPOINT_INVALID",
            f"the checkpoint of the last step of {run.name} is missing",
            hint=f"agency steps {run.name}",
            run_id=run.run_id,
        )
    return last.after_tree


def _reach(plan: ActivePlan, task_id: str, task: TaskState, reach: Reach, *, base: str, head: str) -> dict[str, Any]:
    """How far the change reaches, as the event tells it; kept as a report."""
    number = task.dispatch.number if task.dispatch is not None else 0
    report = reach_report(task_id, base, head, reach)
    return {
        "report_path": keep_report(plan.report(task_id, f"change-{number}.json"), report),
        "touched_components": report["touched_components"],
        "impacted_components": report["impacted_components"],
        "confidence": report["confidence"],
        "surface_categories": report["surface_categories"],
        "tier": report["tier"],
    }


def _complied(
    plan: ActivePlan, task_id: str, task: TaskState, changed: list[str], control: Controlled | None
) -> dict[str, Any]:
    """How the task complied: ``status``, ``violations``, ``report``, and with which ``locks`` and ``files`` it would have."""
    settings, manifest = plan.settings, plan.manifests[task_id]
    locks, policy = task.locks, settings.manifest_enforcement
    if control is None:
        owners = {path: resources_of(path, settings.resources, settings.fallback_resource) for path in changed}
    else:
        owners, locks = control.resources(changed), control.allowed(locks, task.files)
        policy = control.enforcement(policy, control.reach_of(changed))
    seen = comply(owners, locks=locks, files=task.files, enforcement=policy)
    assert task.dispatch is not None
    report = plan.report(task_id, f"compliance-{task.dispatch.number}.json")
    make_directory(report.rpartition("/")[0])
    write_record(report, report_of(task_id, manifest.name, policy, seen, locks, task.files))
    more = widened(seen, locks=task.locks, files=task.files)
    return {
        "status": seen.status,
        "policy": policy,
        "violations": [violation_record(one) for one in seen.violations],
        "report": report,
        "locks": {"reads": list(more[0].reads), "writes": list(more[0].writes)} if more else None,
        "files": {"reads": list(more[1].reads), "writes": list(more[1].writes)} if more else None,
    }
