"""How far a plan is: what the conductor keeps on disk after every change, so that its successor goes on where it was."""

from collections.abc import Mapping
from dataclasses import asdict, field, replace
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.manifest import Access, Manifest, order_of

SCHEMA_VERSION = "1.0"

PENDING, RUNNING, VALIDATED, COMPLETE = "pending", "running", "validated", "complete"
FAILED, REVIEW, RESCOPE, SKIPPED, PAUSED = "failed", "needs_human_review", "rescope_required", "skipped", "paused"
DONE = frozenset({COMPLETE, SKIPPED})
HALTED = frozenset({FAILED, REVIEW, RESCOPE, PAUSED})
"""Statuses in which a task waits for a person."""

DISPATCHING, WORKING, CHECKING, VALIDATING = "dispatching", "working", "checking", "validating"
"""What is done with a task that is running: its run is made, it works, what it made is measured, validators judge it."""

_MOVES: Mapping[str, frozenset[str]] = {
    PENDING: frozenset({RUNNING, SKIPPED, COMPLETE, FAILED, REVIEW, PAUSED}),
    RUNNING: frozenset({VALIDATED, PENDING, FAILED, REVIEW, RESCOPE, PAUSED, SKIPPED}),
    VALIDATED: frozenset({COMPLETE, PENDING, REVIEW, FAILED, SKIPPED, PAUSED}),
    RESCOPE: frozenset({PENDING, RUNNING, REVIEW, SKIPPED, VALIDATED}),
    REVIEW: frozenset({PENDING, VALIDATED, SKIPPED, FAILED}),
    FAILED: frozenset({PENDING, SKIPPED, VALIDATED}),
    PAUSED: frozenset({PENDING, RUNNING, VALIDATED, SKIPPED, REVIEW}),
    COMPLETE: frozenset(),
    SKIPPED: frozenset({PENDING}),
}


@frozen
class Dispatch:
    """One run that a task was given. ``run_id`` is None until the run is there; ``why`` is ``first``, ``retry``, ``conflict``,
    ``rescope`` or ``review``; ``outcome`` how its job ended, None while it goes on. It used ``tokens`` and cost ``cost`` US
    dollars so far."""

    number: int
    why: str
    run_id: str | None = None
    outcome: str | None = None
    tokens: int = 0
    cost: float = 0.0


@frozen
class Review:
    """Why a person has to look: who stopped the task, in a sentence, and where more is told."""

    by: str
    reason: str
    report: str | None = None


@frozen
class TaskState:
    """A task of a plan.

    ``phase`` is what is done with it while it is running. ``locks`` and ``files`` are those of its manifest, widened. ``counted``
    are the dispatches since it began or a person sent it back, which count against the limit; ``due_at`` is when the next one may
    begin (seconds since 1970). ``commit`` is the one commit of its work on top of ``base``, ``merged`` what the branch was moved
    to with it. ``next_why`` is why its next run would be made, ``context`` what that is told of what went before, ``earlier`` the
    commit that the run before it made. ``approved``: a person said that it may be merged. ``judging_tokens`` and
    ``judging_cost`` (US dollars) are what its validators used.
    """

    status: str = PENDING
    phase: str | None = None
    locks: Access = field(default_factory=Access)
    files: Access = field(default_factory=Access)
    dispatches: tuple[Dispatch, ...] = ()
    counted: int = 0
    due_at: float | None = None
    rescopes: int = 0
    conflicts: int = 0
    revivals: int = 0
    base: str | None = None
    commit: str | None = None
    merged: str | None = None
    review: Review | None = None
    reason: str | None = None
    next_why: str = "first"
    context: str | None = None
    earlier: str | None = None
    approved: bool = False
    validators: tuple[Mapping[str, Any], ...] = ()
    judging_tokens: int = 0
    judging_cost: float = 0.0

    @property
    def dispatch(self) -> Dispatch | None:
        """The last one."""
        return self.dispatches[-1] if self.dispatches else None

    @property
    def run_id(self) -> str | None:
        """The run of the last dispatch."""
        return self.dispatch.run_id if self.dispatch is not None else None

    @property
    def tokens(self) -> int:
        """What all its runs and its validators used."""
        return self.judging_tokens + sum(dispatch.tokens for dispatch in self.dispatches)

    @property
    def cost(self) -> float:
        """What all its runs and its validators cost, in US dollars."""
        return self.judging_cost + sum(dispatch.cost for dispatch in self.dispatches)

    def moved(self, status: str, **changes: Any) -> "TaskState":
        """The same in another status. Raises E_PLAN_TRANSITION for one that it cannot come to from where it is."""
        if status != self.status and status not in _MOVES[self.status]:
            raise AgencyError(
                "E_PLAN_TRANSITION",
                f"a task that is {self.status} cannot become {status}",
                hint="agency plan status shows every task",
            )
        changes.setdefault("phase", None)
        return replace(self, status=status, **changes)

    def dispatching(self) -> "TaskState":
        """It is about to be given another run."""
        number = len(self.dispatches) + 1
        return self.moved(
            RUNNING,
            phase=DISPATCHING,
            dispatches=(*self.dispatches, Dispatch(number=number, why=self.next_why)),
            counted=self.counted + 1,
            due_at=None,
            review=None,
            base=None,
            commit=None,
            earlier=self.commit,
            approved=False,
            validators=(),
            revivals=0,
        )

    def with_dispatch(self, **changes: Any) -> "TaskState":
        """The same with the last dispatch changed."""
        last = self.dispatch
        assert last is not None
        return replace(self, dispatches=(*self.dispatches[:-1], replace(last, **changes)))


@frozen
class PlanState:
    """A plan that is carried out. ``status`` is ``running``, ``paused``, ``complete`` or ``failed``, ``reason`` why where it is
    not running. ``limits`` are those that a person raised, by their names in the settings. ``commands`` are the ids of the
    operators' commands that were carried out, ``refused`` why one was not. ``merges`` counts how often the branch was moved,
    ``judged`` the tasks merged since the doctor itself was judged last, less those that were to be merged then."""

    tasks: Mapping[str, TaskState]
    status: str = RUNNING
    reason: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    merges: int = 0
    judged: int = 0

    def with_task(self, task_id: str, task: TaskState) -> "PlanState":
        """The same with one task changed."""
        return replace(self, tasks={**self.tasks, task_id: task})

    def of_status(self, *statuses: str) -> tuple[str, ...]:
        """The tasks of these statuses, in order of their ids."""
        return tuple(sorted((name for name, task in self.tasks.items() if task.status in statuses), key=order_of))

    @property
    def tokens(self) -> int:
        """What all tasks used."""
        return sum(task.tokens for task in self.tasks.values())

    @property
    def cost(self) -> float:
        """What all tasks cost, in US dollars."""
        return sum(task.cost for task in self.tasks.values())


def first_plan_state(manifests: Mapping[str, Manifest], locks: Mapping[str, Access]) -> PlanState:
    """The state of a plan of which nothing was done. ``locks`` are what each task has to hold."""
    return PlanState(
        tasks={name: TaskState(locks=locks[name], files=manifest.files) for name, manifest in manifests.items()}
    )


def record_of_plan_state(state: PlanState) -> dict[str, Any]:
    """The ``state.json`` object of a state."""
    return {"schema_version": SCHEMA_VERSION, **asdict(state)}


def plan_state_from_record(record: Mapping[str, Any]) -> PlanState:
    """The state of a ``state.json`` object. Raises KeyError, TypeError or ValueError when it is not one."""
    return PlanState(
        tasks={str(name): _task(task) for name, task in record["tasks"].items()},
        status=str(record["status"]),
        reason=record.get("reason"),
        limits=dict(record.get("limits") or {}),
        commands=tuple(record.get("commands") or ()),
        refused=dict(record.get("refused") or {}),
        merges=int(record.get("merges") or 0),
        judged=int(record.get("judged") or 0),
    )


def _task(record: Mapping[str, Any]) -> TaskState:
    review = record.get("review")
    return TaskState(
        status=str(record["status"]),
        phase=record.get("phase"),
        locks=access_from(record["locks"]),
        files=access_from(record["files"]),
        dispatches=tuple(
            Dispatch(
                number=int(one["number"]),
                why=str(one["why"]),
                run_id=one.get("run_id"),
                outcome=one["outcome"],
                tokens=int(one["tokens"]),
                cost=float(one["cost"]),
            )
            for one in record["dispatches"]
        ),
        counted=int(record["counted"]),
        due_at=record.get("due_at"),
        rescopes=int(record["rescopes"]),
        conflicts=int(record["conflicts"]),
        revivals=int(record["revivals"]),
        base=record.get("base"),
        commit=record.get("commit"),
        merged=record.get("merged"),
        review=Review(by=str(review["by"]), reason=str(review["reason"]), report=review.get("report"))
        if review
        else None,
        reason=record.get("reason"),
        next_why=str(record.get("next_why") or "first"),
        context=record.get("context"),
        earlier=record.get("earlier"),
        approved=bool(record.get("approved")),
        validators=tuple(record.get("validators") or ()),
        judging_tokens=int(record.get("judging_tokens") or 0),
        judging_cost=float(record.get("judging_cost") or 0.0),
    )


def access_from(record: Mapping[str, Any]) -> Access:
    """What a record says is read and written."""
    return Access(reads=tuple(record["reads"]), writes=tuple(record["writes"]))
