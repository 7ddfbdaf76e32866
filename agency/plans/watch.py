"""Looking at the runs that a plan has under way: how their jobs are, whether their workers live, what they used."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agency.domain.cost import price_of
from agency.domain.frozen import frozen
from agency.domain.run import Run
from agency.domain.usage import Price, Usage
from agency.sessions.context import Context
from agency.sessions.observe import observe_all
from agency.sessions.usage import usages_of
from agency.store.jobs import list_attempts, read_job, read_state
from agency.tools.tmux.look import runner_pane


@frozen
class Seen:
    """A run as it was seen. ``pane_pid`` is the process in its pane, ``exit_code`` how the worker ended where that was noted.
    ``ended_by_person``: somebody ended its session by ``agency kill``. ``waiting`` is what its runner asks a person."""

    alive: bool
    pane_pid: int | None
    exit_code: int | None
    ended_by_person: bool
    waiting: str | None


@dataclass(slots=True, kw_only=True)
class Spent:
    """What the attempts of a run used so far, and when that was last counted."""

    tokens: int = 0
    cost: float = 0.0
    stamp: tuple[int, ...] = ()


@dataclass(slots=True)
class Watch:
    """What was seen last, so that most looks cost a few system calls."""

    _ends: dict[str, tuple[tuple[int, ...], str | None]] = field(default_factory=dict)
    _spent: dict[str, Spent] = field(default_factory=dict)

    def outcome(self, run: Run) -> str | None:
        """How the job of a run has ended, None while it goes on."""
        stamp = _stamp(f"{run.directory}/state/job.json")
        known = self._ends.get(run.run_id)
        if known is None or known[0] != stamp or not stamp:
            state = read_state(run.directory)
            known = (stamp, state.outcome if state is not None else None)
            self._ends[run.run_id] = known
        return known[1]

    def spent(self, context: Context, run: Run, prices: Mapping[str, Price]) -> Spent:
        """What the attempts of a run used. What the runner does not say of the cost follows from ``prices``, by the model it told
        of in its own files, or that of the job."""
        stamp = _stamp(f"{run.directory}/state/self_heal") + _stamp(f"{run.directory}/state/job.json")
        known = self._spent.get(run.run_id)
        if known is None or known.stamp != stamp:
            known = _count(context, run, prices, stamp)
            self._spent[run.run_id] = known
        return known


def _count(context: Context, run: Run, prices: Mapping[str, Price], stamp: tuple[int, ...]) -> Spent:
    spent, untold = Spent(stamp=stamp), Usage()
    for attempt in list_attempts(run.directory):
        told = attempt.get("usage")
        usage = Usage(**{key: int(told.get(key) or 0) for key in _COUNTED}) if isinstance(told, dict) else Usage()
        spent.tokens += usage.total
        if attempt.get("cost") is not None:
            spent.cost += float(attempt["cost"])
        else:
            untold += usage
    if untold.total and prices:
        job = read_job(run.directory)
        price = price_of(job.model, prices) if job is not None and job.model is not None else None
        written = usages_of(context, [run]).get(run.run_id)
        spent.cost += price.of(untold) if price is not None else (written.bill.known_cost or 0.0) if written else 0.0
    return spent


_COUNTED = ("input", "cached_input", "output")


def look_at(context: Context, runs: Iterable[Run]) -> dict[str, Seen]:
    """Every run by its id, with one call of tmux."""
    found: dict[str, Seen] = {}
    for seen in observe_all(context, list(runs)):
        pane = runner_pane(list(seen.panes))
        found[seen.run.run_id] = Seen(
            alive=seen.facts.runner_alive or seen.facts.operation_alive,
            pane_pid=pane.pid if pane is not None and not pane.dead else None,
            exit_code=seen.facts.exit_code,
            ended_by_person=seen.facts.killed,
            waiting=seen.facts.job.waiting if seen.facts.job is not None else None,
        )
    return found


def _stamp(path: str) -> tuple[int, ...]:
    try:
        seen = os.stat(path)
    except OSError:
        return ()
    return (seen.st_ino, seen.st_mtime_ns)
