"""Beginning a plan and going on with one: what must hold before, and the record that everything else goes by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId
from agency.domain.manifest import Manifest, order_of
from agency.domain.planconsent import plan_item
from agency.domain.plandata import LockDerivation
from agency.domain.planevents import LOCK_DERIVATION, RUN_RESUME, RUN_START, RUN_TASKS_LOADED
from agency.domain.planstate import COMPLETE, RUNNING, PlanState, first_plan_state
from agency.domain.repo import Repo
from agency.domain.schedule import Candidate, fitting
from agency.plans.active import ActivePlan, free_plan_id, load_active, record_of_plan, with_flags
from agency.plans.controlled import Controlled, controlled_at, keep_report, locks_report
from agency.plans.judge import require_validators
from agency.plans.ledger import Standing, known_tasks, satisfied_elsewhere, standings
from agency.plans.load import Plan, load_plan
from agency.plans.move import require_movable
from agency.plans.reuse import tell_reused, tell_satisfied, with_satisfied
from agency.runners.resolve import resolve_runner
from agency.sessions.consent import allows_items, allows_making
from agency.sessions.context import Context
from agency.sessions.find import remember
from agency.sessions.headless import require_headless
from agency.sessions.isolation import choose_isolation, require_isolation
from agency.sessions.parent import find_parent
from agency.store.locks import load_beforehand
from agency.store.plans import conductor_of, create_plan, read_plan_state, write_plan, write_state
from agency.store.plantrash import read_cleaning
from agency.tools.git.command import Git
from agency.tools.identity import this_process

_BEFORE = frozenset({RUN_START.name, RUN_TASKS_LOADED.name, LOCK_DERIVATION.name})
"""Events that are told before the first conductor drives a plan."""


@frozen
class PlanRequest:
    """What was asked for: which plan, which of its ``tasks`` (None: all), and settings given on the command line (``flags``).
    ``reuse_completed``: what an earlier run of the plan has done is not done again."""

    name: str
    tasks: tuple[str, ...] | None
    flags: Mapping[str, Any]
    reuse_completed: bool = False


@frozen
class Ready:
    """A plan that may be begun: nothing was written yet. ``base`` is the commit of ``branch``. ``standing`` is what earlier runs
    of it completed, ``reused`` are its tasks that are not done again."""

    plan: Plan
    branch: str
    base: str
    flags: Mapping[str, Any]
    selected: tuple[str, ...] | None
    standing: Mapping[str, Standing]
    reused: tuple[str, ...]

    def first_tasks(self) -> tuple[str, ...]:
        """The tasks that would be begun at once."""
        waiting = [
            Candidate(task_id=manifest.task_id, dependencies=manifest.dependencies, locks=manifest.locks)
            for manifest in self.plan.manifests
            if manifest.task_id not in self.reused
        ]
        elsewhere = satisfied_elsewhere(self.plan.manifests, self.standing).values()
        done = [*self.reused, *(name for one in elsewhere for name in one)]
        return fitting(waiting, done=done, held=(), slots=self.plan.settings.max_parallel)


def make_ready(context: Context, repo: Repo, request: PlanRequest) -> Ready | None:
    """See that the plan can be carried out, and ask for what it would execute; None when that was declined.

    Raises E_PLAN_NOT_FOUND, E_INVALID_PLAN, E_TASK_NOT_FOUND, E_PARENT_BRANCH_NOT_FOUND, E_EMPTY_REPO, E_GIT_FAILED (nobody to
    commit as), E_ISOLATION_UNSUPPORTED, E_CONSENT_REQUIRED and what the runners need.
    """
    plan = load_plan(repo, request.name, elsewhere=known_tasks(context, repo, request.name))
    everything = plan.manifests
    plan = replace(plan, settings=with_flags(plan.settings, request.flags))
    plan, selected = _selected(plan, request.tasks)
    settings = plan.settings
    parent = find_parent(context, repo, settings.branch, allow_dirty=True)
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    _require_committer(git)
    config = load_settings(repo.checkout or repo.root, context.paths.config)
    place = repo.checkout or repo.root
    wanted = {(one.runner or settings.runner or config.runner, one.isolation) for one in plan.manifests}
    for name, backend in sorted(wanted, key=str):
        runner = resolve_runner(config, name, context.environ, directory=place)
        require_headless(runner, place)
        require_isolation(context, runner, choose_isolation(config, settings.isolation, backend))
        if not allows_making(context, repo, config, name, parent, taken=False, editor=False):
            return None
    require_validators(context, repo, settings)
    hint = "agency allow shows and allows it; --allow-scripts allows it for this call"
    if not allows_items(context, repo, [plan_item(plan.name, settings, plan.manifests)], hint=hint):
        return None
    standing = standings(context, repo, plan.name, everything, branch=parent.branch)
    reusable = [manifest.task_id for manifest in plan.manifests if request.reuse_completed]
    return Ready(
        plan=plan,
        branch=parent.branch,
        base=parent.commit,
        flags=request.flags,
        selected=selected,
        standing=standing,
        reused=tuple(name for name in reusable if name in standing and standing[name].why_not is None),
    )


def begin_plan(context: Context, repo: Repo, ready: Ready) -> ActivePlan:
    """Write the record of a plan that is begun. Raises E_TARGET_DIRTY, E_REPO_LOCKED, E_DISK_FULL, E_STORE_FAILED."""
    load_beforehand()
    require_movable(context, repo, ready.branch)
    plan = ready.plan
    manifests = {manifest.task_id: manifest for manifest in plan.manifests}
    control = controlled_at(context, repo, plan.settings, ready.base)
    locks = {name: control.locks(one) if control is not None else one.locks for name, one in manifests.items()}
    with context.lock(repo.repo_id):
        remember(context, repo)
        plan_id = free_plan_id(context, repo)
        external = satisfied_elsewhere(plan.manifests, ready.standing)
        record = record_of_plan(
            plan,
            repo,
            plan_id,
            branch=ready.branch,
            base=ready.base,
            flags=ready.flags,
            selected=ready.selected,
            external=external,
        )
        state = first_plan_state(manifests, locks)
        for name in ready.reused:
            merged = ready.standing[name].entry.merge_commit
            state = state.with_task(name, state.tasks[name].moved(COMPLETE, merged=merged))
        begun = RUN_START({"name": plan.name, "branch": ready.branch, "operator": this_process(context.command)})
        create_plan(context.paths, repo.repo_id, plan_id, record=record, state=state, begun=begun)
    active = load_active(context, repo.repo_id, plan_id)
    requested = list(ready.selected) if ready.selected is not None else None
    active.log.append(RUN_TASKS_LOADED({"total_tasks": len(manifests), "requested_tasks": requested}))
    if control is not None:
        _tell_locks(active, control)
    tell_reused(active, ready.standing, ready.reused)
    tell_satisfied(active, external)
    return active


def _tell_locks(plan: ActivePlan, control: Controlled) -> None:
    for task_id, manifest in plan.manifests.items():
        report = locks_report(manifest, control)
        told: LockDerivation = {
            "report_path": keep_report(plan.report(task_id, "lock-derivation.json"), report),
            "confidence": report["confidence"],
            "resources": report["derived_write_resources"],
        }
        plan.log.append(LOCK_DERIVATION(told), task_id=task_id)


def go_on(context: Context, repo: Repo, plan_id: PlanId, flags: Mapping[str, Any]) -> ActivePlan:
    """A plan that was begun and has not ended, with ``flags`` in place of earlier ones of the same name, to be driven on.

    Raises E_PLAN_BUSY while a conductor drives it, E_PLAN_ENDED when it is complete.
    """
    plan = load_active(context, repo.repo_id, plan_id)
    require_idle(plan)
    require_not_cleaned(plan)
    state = read_plan_state(plan.directory)
    if state.status == COMPLETE:
        raise AgencyError(
            "E_PLAN_ENDED",
            f"plan {plan.name} ({plan_id}) is complete",
            hint=f"agency plan status {plan_id} shows it; agency plan run {plan.name} begins it anew",
            plan_id=plan_id,
        )
    if flags:
        write_plan(plan.directory, {"flags": {**plan.flags, **flags}})
        plan = load_active(context, repo.repo_id, plan_id)
    plan = with_satisfied(context, plan)
    hint = f"agency plan resume {plan_id} on a terminal asks; --allow-scripts allows it for this call"
    item = plan_item(plan.name, plan.settings, tuple(plan.manifests.values()))
    if not allows_items(context, repo, [item], hint=hint):
        raise AgencyError("E_CONSENT_REQUIRED", f"you did not allow what plan {plan.name} executes", hint=hint)
    return plan


def note_resumed(context: Context, plan: ActivePlan) -> PlanState:
    """Tell that a conductor goes on with the plan; its state. Hold the lock of the conductor."""
    state = read_plan_state(plan.directory)
    driven = any(event["event"] not in _BEFORE for event in plan.log.read())
    if driven or state.status != RUNNING:
        data = {"name": plan.name, "branch": plan.branch, "operator": this_process(context.command)}
        plan.log.append(RUN_RESUME(data), durable=True)  # type: ignore[arg-type]
    if state.status != RUNNING:
        state = replace(state, status=RUNNING, reason=None)
        write_state(plan.directory, state)
    return state


def require_not_cleaned(plan: ActivePlan) -> None:
    """Raise E_PLAN_ENDED for a plan that was cleaned, or whose cleaning was begun."""
    if read_cleaning(plan.directory) is not None:
        raise AgencyError(
            "E_PLAN_ENDED",
            f"plan {plan.name} ({plan.plan_id}) was cleaned",
            hint=f"agency plan restore {plan.plan_id} brings it back",
            plan_id=plan.plan_id,
        )


def require_idle(plan: ActivePlan) -> None:
    """Raise E_PLAN_BUSY while a conductor drives the plan."""
    pid = conductor_of(plan.directory)
    if pid is not None:
        raise driven(plan.name, plan.plan_id, pid)


def driven(name: str, plan_id: PlanId, pid: int | None) -> AgencyError:
    """The error for a plan that process ``pid`` drives (0 or None: it is not known which)."""
    return AgencyError(
        "E_PLAN_BUSY",
        f"plan {name} ({plan_id}) is driven by process {pid or 'unknown'}",
        hint=f"agency plan status {plan_id} --watch, or agency plan stop {plan_id}",
        plan_id=plan_id,
        pid=pid or None,
    )


def _selected(plan: Plan, wanted: Sequence[str] | None) -> tuple[Plan, tuple[str, ...] | None]:
    """The plan with only the tasks that were asked for. Raises E_TASK_NOT_FOUND."""
    if wanted is None:
        return plan, None
    known: dict[str, Manifest] = {manifest.task_id: manifest for manifest in plan.manifests}
    missing = [task_id for task_id in wanted if task_id not in known]
    if missing:
        raise AgencyError(
            "E_TASK_NOT_FOUND",
            f"plan {plan.name} has no task {', '.join(missing)}",
            hint=f"agency plan show {plan.name}",
            tasks=sorted(known, key=order_of),
        )
    chosen = tuple(sorted(dict.fromkeys(wanted), key=order_of))
    return replace(plan, manifests=tuple(known[task_id] for task_id in chosen)), chosen


def _require_committer(git: Git) -> None:
    if git.ask("var", "GIT_COMMITTER_IDENT").code != 0 or git.ask("var", "GIT_AUTHOR_IDENT").code != 0:
        raise AgencyError(
            "E_GIT_FAILED",
            "git does not know in whose name to commit",
            hint="git config --global user.name NAME; git config --global user.email ADDRESS; then type the command again",
        )
