"""Giving a task a run: a worktree on the newest commit of the branch, and a worker in its session."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from agency.config.job import ParsedJob
from agency.domain.ids import PlanId, RepoId, RunId
from agency.domain.job import Step
from agency.domain.manifest import Manifest, slug_of
from agency.domain.planstate import TaskState
from agency.domain.run import Run, TaskRef
from agency.domain.taskjob import job_of_task
from agency.plans.active import ActivePlan
from agency.plans.combine import merged_tree
from agency.plans.controlled import checks_report, controlled_at, keep_report
from agency.sessions.clean import CleanRequest, clean_run
from agency.sessions.context import Context
from agency.sessions.create import RunRequest, create_run
from agency.sessions.headless import JobRequest
from agency.store.runs import list_runs, load_run, log_of
from agency.tools.git.command import Git

_NAME = 40


def make_task_run(context: Context, plan: ActivePlan, task_id: str, task: TaskState) -> Mapping[str, Any]:
    """Make the run of the last dispatch of a task, or find it where a conductor that was killed had made it; its ``run_id``.

    Raises what making a run may raise.
    """
    assert task.dispatch is not None
    number = task.dispatch.number
    found = run_of_dispatch(context, plan, task_id, number)
    if found is not None:
        if any(event["event"] == "run_created" for event in log_of(found).read()):
            return {"run_id": found.run_id}
        _discard(context, found)
    manifest = plan.manifests[task_id]
    doctor, checks = _doctor(context, plan, task_id, task)
    job = job_of_task(manifest, plan.settings, files=task.files, doctor=doctor, context=task.context)
    with open(plan.log_file(f"dispatch-{task_id}-{number}.log"), "ab") as log:
        run = create_run(
            context,
            RunRequest(
                name=_name(plan, task_id, number),
                runner=manifest.runner or plan.settings.runner,
                parent=plan.branch,
                prompt=None,
                runner_args=(),
                allow_dirty=True,
                take_changes=False,
                repo=plan.repo.checkout or plan.repo.root,
                watch=False,
                job=JobRequest(
                    parsed=_parsed(plan, manifest, job.objective, job.steps),
                    model=manifest.model or plan.settings.model,
                    publish="none",
                    backend=manifest.isolation,
                ),
                changes=_carried_over(context, plan, task),
                task=TaskRef(plan_id=plan.plan_id, task_id=task_id, number=number),
            ),
            lambda chunk: _written(log, chunk),
        )
    assert run is not None  # nobody is asked
    return {"run_id": run.run_id, "checks": checks}


def _doctor(
    context: Context, plan: ActivePlan, task_id: str, task: TaskState
) -> tuple[str | None, Mapping[str, Any] | None]:
    """The doctor that the control plane chose in place of that of the task, None for none, and what is told of the choice."""
    control = controlled_at(context, plan.repo, plan.settings, plan.branch)
    if control is None or control.settings.checks.mode == "off":
        return None, None
    assert task.dispatch is not None
    chosen = control.doctor(task.files, plan.manifests[task_id].verify.doctor)
    report = plan.report(task_id, f"checkset-{task.dispatch.number}.json")
    told = {
        "report_path": keep_report(report, checks_report(task_id, chosen)),
        "command": chosen.command,
        "enforced": chosen.enforced,
        "reason": chosen.reason,
    }
    return chosen.command if chosen.enforced else None, told


def _written(log: BinaryIO, chunk: bytes) -> None:
    log.write(chunk)


def run_of_dispatch(context: Context, plan: ActivePlan, task_id: str, number: int) -> Run | None:
    """The present run that was made for a dispatch, however far its making came."""
    wanted = TaskRef(plan_id=plan.plan_id, task_id=task_id, number=number)
    for run in list_runs(context.paths, plan.repo.repo_id):
        if isinstance(run, Run) and run.task == wanted:
            return run
    return None


def runs_of_plan(context: Context, plan: ActivePlan, *, archived: bool = False) -> list[Run]:
    """Every run that was made for the plan, present or archived."""
    return runs_made_for(context, plan.repo.repo_id, plan.plan_id, archived=archived)


def runs_made_for(context: Context, repo_id: RepoId, plan_id: PlanId, *, archived: bool = False) -> list[Run]:
    """The same for a plan whose record need not be readable."""
    runs = list_runs(context.paths, repo_id, archived=archived)
    return [run for run in runs if isinstance(run, Run) and run.task is not None and run.task.plan_id == plan_id]


def run_of_task(context: Context, plan: ActivePlan, task: TaskState) -> Run | None:
    """The run of the last dispatch of a task, None when it is not present."""
    if task.run_id is None:
        return None
    run = load_run(context.paths, plan.repo.repo_id, RunId(task.run_id))
    return run if isinstance(run, Run) else None


def _carried_over(context: Context, plan: ActivePlan, task: TaskState) -> Callable[[str], str | None] | None:
    """What the run before made, combined with a commit, for a run that goes on with it; None where it does not, or cannot."""
    assert task.dispatch is not None
    earlier = task.earlier
    if task.dispatch.why != "rescope" or earlier is None:
        return None
    git = Git(environ=context.environ, git_dir=plan.repo.git_dir)

    def combined(commit: str) -> str | None:
        tree, conflicts = merged_tree(git, commit, earlier)
        return tree if not conflicts else None

    return combined


def _discard(context: Context, run: Run) -> None:
    """Put a run away that was half made: nobody has worked in it."""
    request = CleanRequest(yes=True, discard=True, delete_branch=True, force=True, confirm=None)
    clean_run(context, run, request, lambda chunk: None)


def _parsed(plan: ActivePlan, manifest: Manifest, objective: str, steps: tuple[Step, ...]) -> ParsedJob:
    return ParsedJob(
        objective=objective,
        steps=steps,
        budgets=plan.settings.budgets,
        bootstrap=plan.settings.bootstrap,
        bootstrap_timeout=plan.settings.bootstrap_timeout,
        isolation=plan.settings.isolation,
    )


def _name(plan: ActivePlan, task_id: str, number: int) -> str:
    """A name that tells plan, task and dispatch, and that no other run has."""
    end = f"-{slug_of(task_id)[:12].strip('-')}-{plan.plan_id[-4:]}-{number}"
    return f"{plan.name[: _NAME - len(end)].strip('-')}{end}"
