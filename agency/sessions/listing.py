"""``agency ls``: runs and how they are doing. One tmux call, no git."""

from agency.domain.durations import format_duration
from agency.domain.frozen import frozen
from agency.domain.run import Run
from agency.domain.status import quiet_for, status_from
from agency.sessions.context import Context
from agency.sessions.find import find_repo
from agency.sessions.observe import Observation, observe_all
from agency.store.repos import read_repo
from agency.store.runs import list_repo_ids, list_runs


@frozen
class Listing:
    """The runs, newest first, broken ones last; ``scope`` is the id of the repo looked at, None for all of them."""

    scope: str | None
    observations: tuple[Observation, ...]


def list_observations(
    context: Context, *, repo: str | None, every_repo: bool, archived: bool, status: str | None
) -> Listing:
    """Look at the runs of a repo (the caller's, else all), with the archived ones where asked for.

    ``status`` keeps those whose status begins with that word. Writes nothing. Raises E_USAGE when no status does.
    """
    here = None if every_repo else find_repo(context, repo)
    repo_ids = [here.repo_id] if here is not None else list_repo_ids(context.paths)
    runs = [run for repo_id in repo_ids for run in list_runs(context.paths, repo_id)]
    if archived:
        runs += [run for repo_id in repo_ids for run in list_runs(context.paths, repo_id, archived=True)]
    seen = observe_all(context, runs)
    if status is not None:
        wanted = status_from(status)
        seen = [observation for observation in seen if observation.verdict.status.startswith(wanted)]
    seen.sort(key=lambda one: one.run.run_id, reverse=True)
    seen.sort(key=lambda one: (not isinstance(one.run, Run), -_created(one)))
    return Listing(scope=here.repo_id if here is not None else None, observations=tuple(seen))


def _created(observation: Observation) -> int:
    """A number that grows with the time of creation."""
    run = observation.run
    return int("".join(c for c in run.created_at if c.isdecimal())[:17] or 0) if isinstance(run, Run) else 0


def describe(context: Context, observation: Observation) -> dict[str, object]:
    """One run as ``ls --json`` prints it."""
    run, facts, verdict, journal = observation.run, observation.facts, observation.verdict, observation.journal
    whole = run if isinstance(run, Run) else None
    repo = read_repo(context.paths, run.repo_id)
    return {
        "run_id": run.run_id,
        "repo_id": run.repo_id,
        "repo_key": repo.get("repo_key"),
        "origin_url": repo.get("origin_url"),
        "name": whole.name if whole else None,
        "runner": whole.runner if whole else None,
        "branch": whole.branch if whole else None,
        "parent_branch": whole.parent_branch if whole else None,
        "worktree": whole.worktree if whole else None,
        "created_at": whole.created_at if whole else None,
        "last_push_at": whole.last_push_at if whole else None,
        "tmux_active": facts.session is not None,
        "attached": facts.session.attached if facts.session else 0,
        "runner_alive": facts.runner_alive,
        "exit_code": facts.exit_code if facts.launched and not facts.runner_alive else None,
        "worktree_present": facts.worktree_present,
        "archived": run.archived,
        "pr_number": whole.pr_number if whole else None,
        "pr_url": whole.pr_url if whole else None,
        "derived_status": verdict.status,
        "rule": verdict.rule,
        "summary": verdict.summary or None,
        **({"stalled_duration": format_duration(quiet_for(facts) or 0.0)} if verdict.status == "stalled" else {}),
        "needs_attention": facts.attention is not None,
        "attention": facts.attention,
        "operation": {
            "kind": journal.operation.kind,
            "step": journal.operation.step,
            "since": journal.operation.since,
            "command": journal.operation.command,
            "pid": journal.operation.pid,
            "alive": facts.operation_alive,
        }
        if journal.operation
        else None,
        "broken": facts.broken is not None,
        "broken_reason": facts.broken,
    }
