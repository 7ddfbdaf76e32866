"""Refusing to work on a run that another command is working on, or that one left half-done."""

from agency.domain.errors import AgencyError
from agency.domain.events import IN_THE_WAY
from agency.domain.journal import Journal, fold
from agency.domain.run import Run
from agency.store.runs import log_of
from agency.tools.identity import is_alive

_NEXT = {
    "create": "agency restore {name} finishes the worktree, agency clean {name} removes it",
    "clean": "agency clean {name} finishes it, agency restore {name} undoes it",
    "restore": "agency restore {name} finishes it",
    "hard reset": "agency resume {name} goes on with it",
}


def require_whole(run: Run, *, besides: str | None = None) -> Journal:
    """The journal of the run, when it can be worked in. Raises E_RUN_BUSY or E_RUN_INCOMPLETE.

    A creation that was interrupted after its worktree was filled counts as whole: a resume finishes it. Operations that leave
    the worktree alone (a push, say) do not count, nor does one of the kind ``besides``.
    """
    journal = fold(log_of(run).read())
    operation = journal.operation
    if operation is None or operation.kind not in IN_THE_WAY or operation.kind == besides:
        return journal
    require_idle(run, journal)
    if not (operation.kind == "create" and journal.tree_made):
        raise AgencyError(
            "E_RUN_INCOMPLETE",
            f"{operation.kind} of {run.name} was interrupted after {operation.step} ({operation.since})",
            hint=_NEXT[operation.kind].format(name=run.name),
            run_id=run.run_id,
            begun_by=f"{operation.command} (pid {operation.pid})",
        )
    return journal


def require_idle(run: Run, journal: Journal) -> None:
    """Raise E_RUN_BUSY while the process of a half-done operation lives."""
    operation = journal.operation
    if operation is not None and is_alive(operation.pid, operation.pid_started, operation.boot_id):
        raise AgencyError(
            "E_RUN_BUSY",
            f"{operation.command} is working on {run.name} (pid {operation.pid}, at {operation.step})",
            hint="wait for it to end, then type the command again",
            run_id=run.run_id,
        )
