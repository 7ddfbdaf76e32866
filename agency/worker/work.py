"""What all parts of a worker share: the run, its job, where things are told, and how far the job is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agency.domain.budgets import Budgets
from agency.domain.events import TASK_WAITING, TASK_WAITING_CLEARED, Event
from agency.domain.job import Job, Step
from agency.domain.jobstate import JobState
from agency.domain.metrics import Metric
from agency.domain.redaction import Redactor
from agency.domain.run import Run
from agency.domain.taskdata import Waiting
from agency.sessions.context import Context
from agency.store.eventlog import EventLog
from agency.store.jobs import write_attempt, write_recovery, write_state
from agency.store.runs import log_of
from agency.tools.statsd import Statsd
from agency.worker.view import View


@dataclass(slots=True, kw_only=True)
class Work:
    """One worker at its job. Whatever it writes down or shows passes through here, and so through ``redactor``.

    ``due`` is when the next attempt may begin, by the monotonic clock; ``thread_told`` the conversation that was told of in this
    attempt.
    """

    context: Context
    run: Run
    job: Job
    state: JobState
    redactor: Redactor
    statsd: Statsd
    view: View
    on_question: Callable[[str], None] = lambda question: None
    due: float = 0.0
    thread_told: str | None = None
    _told: list[dict[str, Any]] | None = field(default=None)

    @property
    def budgets(self) -> Budgets:
        """The budgets of the current step."""
        step, budgets = self.step, self.job.budgets
        return replace(
            budgets,
            timeout_seconds=step.timeout if step.timeout is not None else budgets.timeout_seconds,
            idle_timeout_seconds=step.idle_timeout if step.idle_timeout is not None else budgets.idle_timeout_seconds,
        )

    @property
    def log(self) -> EventLog:
        """The events of the run."""
        return log_of(self.run)

    @property
    def step(self) -> Step:
        """The step that is current."""
        return self.job.steps[self.state.step_index]

    def tell(self, event: Event, *, durable: bool = False) -> int:
        """Append an event; its ``seq``."""
        self._told = None
        return self.log.append(Event(event.name, self.redactor.value(event.data)), durable=durable)

    def tell_once(self, event: Event, *same: str) -> None:
        """Append an event unless one of that name is there which agrees in the keys ``same`` of its data: what a worker before
        may have told already."""
        data = event.data
        assert isinstance(data, dict)
        if not self.has_told(event.name, {key: data[key] for key in same}):
            self.tell(event, durable=True)

    def has_told(self, name: str, data: Mapping[str, Any]) -> bool:
        """Whether an event of that name is there whose data holds ``data``."""
        if self._told is None:
            self._told = self.log.read()
        return any(
            event["event"] == name and all(event.get("data", {}).get(key) == value for key, value in data.items())
            for event in self._told
        )

    def keep_numbers(self, record: Mapping[str, Any]) -> None:
        """Keep in the record of an attempt the ``seq`` of the events that tell of it."""
        of_it = {"stepIndex": record["stepIndex"], "attempt": record["attempt"]}
        numbers = [event["seq"] for event in self.log.read() if of_it.items() <= event.get("data", {}).items()]
        self.keep_attempt({**record, "events": numbers})

    def save(self, state: JobState) -> None:
        """Keep how far the job is; from now on that holds."""
        write_state(self.run.directory, state)
        self.state = state

    def keep_attempt(self, record: Mapping[str, Any]) -> None:
        """Keep the record of an attempt."""
        write_attempt(self.run.directory, self._clean(record))

    def keep_recovery(self, record: Mapping[str, Any]) -> None:
        """Keep what can be done about the job now that it is about to end badly."""
        write_recovery(self.run.directory, self._clean(record))

    def waiting(self, question: str | None) -> None:
        """Tell that the runner waits for a person, or with None that it no longer does."""
        running, step = self.state.running, self.step
        data: Waiting = {
            "stepId": step.step_id,
            "stepIndex": step.index,
            "attempt": running.attempt if running is not None else 0,
            "detail": question or "",
        }
        self.tell((TASK_WAITING if question is not None else TASK_WAITING_CLEARED)(data))
        if question is not None:
            self.say(f"it needs an answer: {question}")
            self.on_question(question)

    def count(self, metrics: Sequence[Metric]) -> None:
        """Send metrics, where somebody wants them."""
        self.statsd.send(metrics)

    def show_script(self, chunk: bytes) -> None:
        """Show what a script of the repo prints."""
        self.view.lines(self.redactor.text(chunk.decode("utf-8", "replace")).splitlines())

    def say(self, text: str) -> None:
        """Show a line of agency's own to whoever looks at the session."""
        self.view.note(self.redactor.text(text))

    def _clean(self, record: Mapping[str, Any]) -> dict[str, Any]:
        clean = self.redactor.value(dict(record))
        assert isinstance(clean, dict)
        return clean
