"""Bringing back a plan that was cleaned, with its runs and refs, as far as ``agency gc`` has not let go of them."""

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId, RunId, is_run_id_prefix
from agency.domain.planevents import RUN_RESTORE
from agency.domain.repo import Repo
from agency.domain.run import BrokenRun
from agency.plans.active import find_plan_id
from agency.plans.start import driven
from agency.sessions.context import Context
from agency.sessions.restore import restore_run
from agency.store.plans import conductor_lock, conductor_of, log_of_plan, plan_directory, read_plan
from agency.store.plantrash import (
    forget_cleaning,
    list_trashed,
    move_from_trash,
    read_cleaning,
    trashed_directory,
)
from agency.store.runs import load_run
from agency.tools.git.command import Git
from agency.tools.git.planrefs import move_plan_refs
from agency.tools.identity import this_process


@frozen
class RestoredPlan:
    """The plan, the runs that were brought back, and why others were not."""

    plan_id: PlanId
    runs: tuple[str, ...]
    failed: tuple[str, ...]


def find_cleaned_plan(context: Context, repo: Repo, ref: str | None) -> PlanId:
    """The cleaned plan that ``ref`` means: an id, its beginning, or a name; the last that was begun of all without one.

    Raises E_PLAN_NOT_FOUND.
    """
    plans = list_trashed(context.paths, repo.repo_id)
    for plan_id in reversed(plans):
        directory = trashed_directory(context.paths, repo.repo_id, plan_id)
        if ref is None or (is_run_id_prefix(ref) and plan_id.startswith(ref)) or _name(directory) == ref:
            return plan_id
    try:
        plan_id = find_plan_id(context, repo, ref)
        if read_cleaning(plan_directory(context.paths, repo.repo_id, plan_id)) is not None:
            return plan_id
    except AgencyError as error:
        if error.code != "E_PLAN_NOT_FOUND":
            raise
    raise AgencyError(
        "E_PLAN_NOT_FOUND",
        f"no plan {ref} was cleaned in this repo" if ref is not None else "no plan was cleaned in this repo",
        hint="agency plan runs",
        cleaned=plans or None,
    )


def restore_plan(context: Context, repo: Repo, plan_id: PlanId) -> RestoredPlan:
    """Bring the plan back: its record, its refs, and the runs that its cleaning archived.

    Runs that cannot be brought back are told in the result. Raises E_PLAN_BUSY while another process is about it.
    """
    directory = plan_directory(context.paths, repo.repo_id, plan_id)
    if plan_id in list_trashed(context.paths, repo.repo_id):
        with context.lock(repo.repo_id):
            directory = move_from_trash(context.paths, repo.repo_id, plan_id)
    with conductor_lock(directory, context.command) as fd:
        if fd is None:
            raise driven(_name(directory), plan_id, conductor_of(directory))
        cleaning = read_cleaning(directory) or {}
        with context.lock(repo.repo_id) as lock:
            git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
            move_plan_refs(git, plan_id, to_trash=False)
        back, failed = [], []
        for run_id in cleaning.get("runs") or []:
            run = load_run(context.paths, repo.repo_id, RunId(str(run_id)), archived=True)
            if isinstance(run, BrokenRun):  # as a rule: it is present
                run = load_run(context.paths, repo.repo_id, RunId(str(run_id)))
            try:
                back.append(restore_run(context, run).run.run_id)
            except AgencyError as error:
                if error.code != "E_NOT_ARCHIVED":
                    failed.append(f"{run_id}: {error.message}")
        log = log_of_plan(directory, repo.repo_id, plan_id)
        log.append(RUN_RESTORE({"runs": len(back), "operator": this_process(context.command)}), durable=True)
        forget_cleaning(directory)
    return RestoredPlan(plan_id=plan_id, runs=tuple(back), failed=tuple(failed))


def _name(directory: str) -> str:
    try:
        return str(read_plan(directory).get("name"))
    except AgencyError:
        return ""
