"""``agency wait``: block until a run has got somewhere."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.run import Run
from agency.domain.status import STATUSES, derive_status
from agency.sessions.context import Context
from agency.sessions.observe import Observation, observe

_POLL = 0.2
_BUSY = frozenset({"working", "active", "creating", "restoring", "cleaning"})
_OF_THE_LIVING = frozenset(
    {"working", "waiting", "done", "needs input", "blocked", "ready for review", "active", "stalled"}
)
_SETTLED = 1.0
"""Seconds that ``done`` and the end of a runner must last to count: between two turns an agent is done for a moment, and a
runner that is started again is gone for one."""


@frozen
class Goal:
    """Something to wait for: its ``name``, in words, and whether it holds. ``living``: only a living runner gets there."""

    name: str
    words: str
    holds: Callable[[Observation], bool]
    living: bool = False


def wait_until(context: Context, run: Run, goals: Sequence[Goal], timeout: float | None) -> tuple[Observation, Goal]:
    """Look at the run until one of ``goals`` holds, and return what was seen then and which one it was.

    ``timeout`` is in seconds, None for no limit. Raises E_RUN_ENDED when only a living runner gets there and none lives,
    E_WAIT_TIMEOUT when the time is over.
    """
    deadline = time.monotonic() + timeout if timeout is not None else None
    ended_since: float | None = None
    what = " or ".join(goal.words for goal in goals)
    while True:
        seen = observe(context, run)
        for goal in goals:
            if goal.holds(seen):
                return seen, goal
        now = time.monotonic()
        over = deadline is not None and now >= deadline
        hopeless = all(goal.living for goal in goals) and has_ended(seen)
        ended_since = (ended_since if ended_since is not None else now) if hopeless else None
        if ended_since is not None and (over or now - ended_since >= _SETTLED):
            raise AgencyError(
                "E_RUN_ENDED",
                f"{run.name} is {seen.verdict.status}: waited for {what}, which takes a living runner",
                hint=f"agency resume {run.name} --detached",
                run_id=run.run_id,
                status=seen.verdict.status,
                exit_code=seen.facts.exit_code,
            )
        if over:
            raise AgencyError(
                "E_WAIT_TIMEOUT",
                f"{run.name} is {seen.verdict.status}; waited {timeout:g} s for {what}",
                hint=f"agency explain {run.name}",
                run_id=run.run_id,
                status=seen.verdict.status,
            )
        time.sleep(_POLL)


def has_ended(seen: Observation) -> bool:
    """Whether no runner is alive, and no command is about to start one."""
    return not seen.facts.runner_alive and not (seen.facts.operation is not None and seen.facts.operation_alive)


EXITED = Goal(name="exited", words="its runner to exit", holds=lambda seen: not seen.facts.runner_alive)


def idle(quiet: float) -> Goal:
    """The runner waits, has exited, or has printed nothing for ``quiet`` seconds."""

    def holds(seen: Observation) -> bool:
        session = seen.facts.session
        if not seen.facts.runner_alive or seen.verdict.status not in _BUSY:
            return True
        return session is not None and session.activity_age is not None and session.activity_age >= quiet

    return Goal(name="idle", words="it to be idle", holds=holds)


def _needs_a_person(seen: Observation) -> bool:
    return _unmarked(seen) in {"waiting", "needs input", "blocked"}


def _is_done(seen: Observation) -> bool:
    if seen.facts.job_outcome is not None:
        return True
    status, doing = _unmarked(seen), seen.facts.doing
    return status == "ready for review" or (status == "done" and doing is not None and doing.age >= _SETTLED)


def _unmarked(seen: Observation) -> str:
    """The status apart from a person's mark on the run, which hides what the agent does."""
    return derive_status(replace(seen.facts, attention=None)).status


WAITING = Goal(name="waiting", words="it to wait for an answer", holds=_needs_a_person, living=True)
DONE = Goal(name="done", words="it to be done", holds=_is_done, living=True)


def status_is(wanted: str) -> Goal:
    """The status begins with ``wanted``."""
    return Goal(
        name="status",
        words=f"it to be {wanted}",
        holds=lambda seen: seen.verdict.status.startswith(wanted),
        living=_all_of_the_living(wanted),
    )


def _all_of_the_living(wanted: str) -> bool:
    meant = {status for status in STATUSES if status.startswith(wanted)}
    return bool(meant) and meant <= _OF_THE_LIVING


def status_changes(before: Observation) -> Goal:
    """The status is another than ``before``."""
    return Goal(
        name="status",
        words="its status to change",
        holds=lambda seen: seen.verdict.status != before.verdict.status,
    )
