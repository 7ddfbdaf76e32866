"""How the job of a headless run is doing, as its events tell it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agency.domain.frozen import frozen


@frozen
class JobProgress:
    """``steps`` is how many there are, ``accepted`` those that are; ``step`` is the title or id of the step that is worked on,
    ``index`` its place from 0, ``attempt`` the attempt at it. ``held`` is ``paused`` or ``taken_over``, ``waiting`` what the
    runner asks a person. ``outcome`` is how the job ended (``done``, ``needs_attention``, ``failed``), None while it goes
    on, and ``reason`` why."""

    steps: int = 0
    accepted: tuple[int, ...] = ()
    index: int = 0
    step: str = ""
    attempt: int = 0
    held: str | None = None
    waiting: str | None = None
    outcome: str | None = None
    reason: str = ""

    @property
    def words(self) -> str:
        """The step and the attempt that it is at, in a few words."""
        if not self.attempt:
            return "starting"
        named = f" {self.step}" if self.step else ""
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return f"step {self.index + 1}/{self.steps}{named}{again}"


def fold_job(events: Iterable[Mapping[str, Any]]) -> JobProgress:
    """The progress of a job from the events of its run, oldest first. Other events are passed over, odd data counts as none."""
    progress = JobProgress()
    titles: dict[int, str] = {}
    for event in events:
        data = event.get("data")
        if not isinstance(data, dict):
            continue
        told = data.get("stepIndex")
        index: int = told if isinstance(told, int) else progress.index
        match event.get("event"):
            case "task.steps.plan":
                progress = replace(progress, steps=int(data.get("stepCount") or 0))
            case "task.step.started":
                titles[index] = str(data.get("stepTitle") or data.get("stepId") or "")
            case "task.step.attempt.started":
                step = titles.get(index, str(data.get("stepId") or ""))
                attempt = int(data.get("attempt") or 0)
                progress = replace(
                    progress, index=index, step=step, attempt=attempt, waiting=None, outcome=None, reason=""
                )
            case "task.step.finished":
                progress = replace(progress, accepted=tuple(sorted({*progress.accepted, index})))
            case "task.resume.from_step":
                kept = tuple(number for number in progress.accepted if number < int(data.get("fromStepIndex") or 0))
                progress = replace(progress, accepted=kept, outcome=None, reason="")
            case "task.control.pause.active":
                progress = replace(progress, held=str(data.get("status")))
            case "task.control.pause.cleared":
                progress = replace(progress, held=None)
            case "task.waiting":
                progress = replace(progress, waiting=str(data.get("detail") or "a question"))
            case "task.waiting.cleared" | "task.step.attempt.failed" | "task.step.attempt.finished":
                progress = replace(progress, waiting=None)
            case "task.finished":
                outcome = str(data.get("outcome"))
                progress = replace(progress, outcome=outcome, reason=str(data.get("reason") or ""), waiting=None)
            case "task.control.recovery.ack" | "resume_create" | "resume_restart":
                progress = replace(progress, outcome=None, reason="")
    return progress
