"""``agency wait``: block until a run has got somewhere."""

import time
from collections.abc import Callable

from agency.domain.errors import AgencyError
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.observe import Observation, observe

_POLL = 0.2
_BUSY = frozenset({"working", "active", "creating", "restoring", "cleaning"})


def wait_until(
    context: Context, run: Run, goal: Callable[[Observation], bool], what: str, timeout: float | None
) -> Observation:
    """Look at the run until ``goal`` holds and return what was seen then.

    ``timeout`` is in seconds, None for no limit. Raises E_WAIT_TIMEOUT, naming ``what`` was waited for and the status.
    """
    deadline = time.monotonic() + timeout if timeout is not None else None
    while True:
        seen = observe(context, run)
        if goal(seen):
            return seen
        if deadline is not None and time.monotonic() >= deadline:
            raise AgencyError(
                "E_WAIT_TIMEOUT",
                f"{run.name} is {seen.verdict.status}; waited {timeout:g} s for {what}",
                hint=f"agency explain {run.name}",
                run_id=run.run_id,
                status=seen.verdict.status,
            )
        time.sleep(_POLL)


def has_exited(seen: Observation) -> bool:
    """Whether no runner is alive."""
    return not seen.facts.runner_alive


def is_idle(quiet: float) -> Callable[[Observation], bool]:
    """Whether the runner waits, has exited, or has printed nothing for ``quiet`` seconds."""

    def goal(seen: Observation) -> bool:
        session = seen.facts.session
        if not seen.facts.runner_alive or seen.verdict.status not in _BUSY:
            return True
        return session is not None and session.activity_age is not None and session.activity_age >= quiet

    return goal


def has_status(wanted: str) -> Callable[[Observation], bool]:
    """Whether the status begins with ``wanted``."""
    return lambda seen: seen.verdict.status.startswith(wanted)


def has_changed(before: Observation) -> Callable[[Observation], bool]:
    """Whether the status is another than ``before``."""
    return lambda seen: seen.verdict.status != before.verdict.status
