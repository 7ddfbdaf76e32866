"""``agency mark`` and ``agency rename``: what a person says about a run."""

from agency.domain.errors import AgencyError
from agency.domain.events import ATTENTION_CLEARED, ATTENTION_SET, RENAME
from agency.domain.ids import NAME_RULE, is_valid_name
from agency.domain.journal import fold
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.whole import require_idle
from agency.store.runs import list_runs, log_of, update_meta


def mark_run(run: Run, reason: str) -> None:
    """Record that a person has to look at the run, and why."""
    log_of(run).append(ATTENTION_SET({"reason": reason}), durable=True)


def clear_mark(run: Run) -> bool:
    """Record that nobody has to look at the run any more; False when nothing asked for it."""
    if fold(log_of(run).read()).attention is None:
        return False
    log_of(run).append(ATTENTION_CLEARED({}), durable=True)
    return True


def rename_run(context: Context, run: Run, name: str) -> None:
    """Give the run another name. Its id, branch, worktree and session stay.

    Raises E_INVALID_NAME, E_NAME_EXISTS, E_RUN_BUSY.
    """
    if not is_valid_name(name):
        raise AgencyError("E_INVALID_NAME", f"{name!r} cannot name a run", hint=f"a name has {NAME_RULE}", name=name)
    with context.lock(run.repo_id):
        require_idle(run, fold(log_of(run).read()))
        for other in list_runs(context.paths, run.repo_id):
            if isinstance(other, Run) and other.name == name and other.run_id != run.run_id:
                raise AgencyError(
                    "E_NAME_EXISTS",
                    f"a run is called {name} already",
                    hint="choose another name; agency ls shows which are taken",
                    run_id=other.run_id,
                )
        if name != run.name:
            update_meta(run, {"name": name})
            log_of(run).append(RENAME({"old": run.name, "new": name}), durable=True)
