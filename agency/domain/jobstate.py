"""How far a job is: what the worker keeps on disk so that its successor goes on where it was."""

from collections.abc import Mapping
from dataclasses import asdict, field, replace
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.healing import NoProgress

SCHEMA_VERSION = "1.0"


@frozen
class StepState:
    """A step. ``attempts`` is the highest attempt number that was used, ``consumed`` how many of them count against the budget
    of attempts: those that failed by themselves since the step began, was resumed after it was exhausted, or an operator
    stepped in."""

    accepted: bool = False
    attempts: int = 0
    consumed: int = 0
    window: NoProgress = field(default_factory=NoProgress)


@frozen
class Running:
    """The attempt that was begun and not judged yet, and what led to it."""

    attempt: int
    started_by: str


@frozen
class PendingReset:
    """A rebuild of the worktree that is to be done, up to before ``step_index``."""

    step_index: int
    trigger: str
    command_id: str | None = None


@frozen
class JobState:
    """All that a worker knows besides the job itself.

    ``job_attempt`` counts how often the job was begun or taken up after it had ended. ``step_index`` is the current step, the
    number of steps once all are accepted. ``resets_used`` count against the budget, ``operator_resets`` do not; ``resets_made``
    is the number of the last one. ``next_by`` is what leads to the next attempt, ``context`` the retry context that it is given,
    ``fresh_thread`` that it begins another conversation. ``published``: the work is where
    it was to go. ``due_at`` is when the next attempt may begin (seconds since 1970), None for at once. ``outcome`` is how the job
    ended, None while it goes on.
    """

    steps: tuple[StepState, ...]
    job_attempt: int = 1
    step_index: int = 0
    resets_used: int = 0
    operator_resets: int = 0
    resets_made: int = 0
    running: Running | None = None
    reset: PendingReset | None = None
    next_by: str = "first"
    fresh_thread: bool = False
    context: Mapping[str, Any] | None = None
    outcome: str | None = None
    published: bool = False
    due_at: float | None = None

    @property
    def step(self) -> StepState:
        """The current step."""
        return self.steps[self.step_index]

    def with_step(self, **changes: Any) -> "JobState":
        """The same with the current step changed."""
        steps = list(self.steps)
        steps[self.step_index] = replace(self.step, **changes)
        return replace(self, steps=tuple(steps))

    def begun(self) -> "JobState":
        """The next attempt of the current step has its number, which is never given again."""
        attempt = self.step.attempts + 1
        return replace(
            self.with_step(attempts=attempt),
            running=Running(attempt=attempt, started_by=self.next_by),
            outcome=None,
            due_at=None,
        )

    def accepted(self) -> "JobState":
        """The current step is accepted, and the next one is current."""
        done = self.with_step(accepted=True, window=NoProgress())
        return replace(
            done, running=None, step_index=self.step_index + 1, next_by="first", context=None, fresh_thread=False
        )

    def put_off(self, by: str) -> "JobState":
        """The running attempt ended without a verdict on it (a person stepped in, or the worker was lost), so that it counts
        against no budget."""
        return replace(self, running=None, next_by=by)

    def failed(self, window: NoProgress) -> "JobState":
        """The running attempt failed by itself."""
        return replace(self.with_step(consumed=self.step.consumed + 1, window=window), running=None, fresh_thread=False)

    def renewed(self, by: str, context: Mapping[str, Any] | None) -> "JobState":
        """The current step has its whole budget again, and the next attempt is led to ``by``."""
        fresh = self.with_step(accepted=False, consumed=0, window=NoProgress())
        return replace(fresh, running=None, next_by=by, context=context, outcome=None, due_at=None)

    def rebaselined(self) -> "JobState":
        """A person worked in the worktree: failures before that say nothing about those after it."""
        if self.step_index >= len(self.steps):
            return self
        return replace(self.with_step(window=NoProgress()), next_by="operator")

    def resetting(self, reset: PendingReset) -> "JobState":
        """The worktree is to be rebuilt before anything else."""
        return replace(self, running=None, reset=reset, outcome=None)

    def retrying(self, context: Mapping[str, Any], *, fresh_thread: bool, due_at: float) -> "JobState":
        """Another attempt follows in the same worktree, at ``due_at``."""
        return replace(self, next_by="soft_reset", context=context, fresh_thread=fresh_thread, due_at=due_at)

    def ended(self, outcome: str) -> "JobState":
        """The job has ended; when it is done, its work is where it was to go."""
        return replace(self, running=None, outcome=outcome, published=outcome == "done")

    def taken_up(self) -> "JobState":
        """A job that had ended is taken up again: its step has its whole budget again."""
        again = replace(self, job_attempt=self.job_attempt + 1, outcome=None, running=None)
        if again.step_index >= len(again.steps):
            return again
        return replace(again.with_step(consumed=0, window=NoProgress()), next_by="resume")

    def without_reset(self) -> "JobState":
        """The rebuild cannot be done."""
        return replace(self, reset=None)

    def rebuilt(self, number: int, context: Mapping[str, Any] | None) -> "JobState":
        """The rebuild of that number is done: its step is the current one, in another conversation."""
        reset = self.reset
        assert reset is not None
        ours = reset.trigger == "operator"
        state = self.from_step(reset.step_index) if ours else self.with_step(window=NoProgress())
        return replace(
            state,
            reset=None,
            due_at=None,
            next_by="operator" if ours else "hard_reset",
            fresh_thread=True,
            resets_made=number,
            context=context,
            resets_used=self.resets_used + (not ours),
            operator_resets=self.operator_resets + ours,
        )

    def from_step(self, index: int) -> "JobState":
        """Step ``index`` is the current one again; it and those after it are not accepted. Their attempt numbers go on."""
        steps = tuple(
            step if number < index else replace(step, accepted=False, consumed=0, window=NoProgress())
            for number, step in enumerate(self.steps)
        )
        return replace(self, steps=steps, step_index=index, running=None, outcome=None, published=False)


def first_state(steps: int) -> JobState:
    """The state of a job of which nothing was done."""
    return JobState(steps=tuple(StepState() for _ in range(steps)))


def record_of_state(state: JobState) -> dict[str, Any]:
    """The ``state/job.json`` object of a state."""
    return {
        "schema_version": SCHEMA_VERSION,
        "job_attempt": state.job_attempt,
        "step_index": state.step_index,
        "resets_used": state.resets_used,
        "operator_resets": state.operator_resets,
        "resets_made": state.resets_made,
        "next_by": state.next_by,
        "fresh_thread": state.fresh_thread,
        "context": dict(state.context) if state.context is not None else None,
        "outcome": state.outcome,
        "published": state.published,
        "due_at": state.due_at,
        "running": {"attempt": state.running.attempt, "started_by": state.running.started_by}
        if state.running is not None
        else None,
        "reset": {
            "step_index": state.reset.step_index,
            "trigger": state.reset.trigger,
            "command_id": state.reset.command_id,
        }
        if state.reset is not None
        else None,
        "steps": [
            {
                "accepted": step.accepted,
                "attempts": step.attempts,
                "consumed": step.consumed,
                "window": asdict(step.window),
            }
            for step in state.steps
        ],
    }


def state_from_record(record: Mapping[str, Any]) -> JobState:
    """The state of a ``state/job.json`` object. Raises KeyError, TypeError or ValueError when it is not one."""
    running, reset = record.get("running"), record.get("reset")
    return JobState(
        job_attempt=int(record["job_attempt"]),
        step_index=int(record["step_index"]),
        resets_used=int(record["resets_used"]),
        operator_resets=int(record["operator_resets"]),
        resets_made=int(record["resets_made"]),
        next_by=str(record["next_by"]),
        fresh_thread=bool(record["fresh_thread"]),
        context=record.get("context"),
        outcome=record.get("outcome"),
        published=bool(record.get("published")),
        due_at=record.get("due_at"),
        running=Running(attempt=int(running["attempt"]), started_by=str(running["started_by"])) if running else None,
        reset=PendingReset(
            step_index=int(reset["step_index"]),
            trigger=str(reset["trigger"]),
            command_id=reset.get("command_id"),
        )
        if reset
        else None,
        steps=tuple(
            StepState(
                accepted=bool(step["accepted"]),
                attempts=int(step["attempts"]),
                consumed=int(step["consumed"]),
                window=NoProgress(**step["window"]),
            )
            for step in record["steps"]
        ),
    )
