"""The shapes of the data of ``task.*`` events, which tell of the job of a headless run. Their keys are those that readers of
such events know; the names are in :mod:`agency.domain.events`."""

from typing import Any, NotRequired, TypedDict


class StepsPlan(TypedDict):
    """The steps that the job has."""

    stepCount: int
    stepIds: list[str]


class StepData(TypedDict):
    """A step began, was accepted, or failed for good. ``stepIndex`` counts from 0."""

    stepId: str
    stepIndex: int
    stepTitle: str
    runner: str
    hasStepInstructions: bool
    summary: str | None
    attempt: int


class AttemptData(TypedDict):
    """What every event of an attempt tells; null where there is nothing to tell. ``attempt`` counts from 1, ``diffHash`` is null
    when the worktree is as it was before the step."""

    stepId: str
    stepIndex: int
    attempt: int
    failureClass: str | None
    failureSignature: str | None
    failureSignatureHash: str | None
    diffHash: str | None
    strategy: str | None


class AttemptStarted(AttemptData):
    """A runner is about to be started. ``startedBy`` is what led to this attempt: ``first``, ``soft_reset``, ``hard_reset``,
    ``resume`` (the worker before was lost), ``operator``."""

    runner: str
    startedBy: str
    jobAttempt: int


class AttemptFinished(AttemptData):
    """The attempt was accepted."""

    durationSeconds: float
    summary: str | None


class AttemptFailed(AttemptData):
    """The attempt was not accepted. ``outcome`` is ``retrying``, ``failed``, ``queue_retry``, ``needs_attention``, ``cancelled``
    or ``lost``; ``timeoutReason`` is ``idle``, ``wall`` or null."""

    durationSeconds: float
    timeoutReason: str | None
    outcome: str
    exitCode: int | None
    signal: str | None
    summary: str | None


class HealTriggered(AttemptData):
    """Another attempt follows, after ``delaySeconds``."""

    nextAttempt: int
    delaySeconds: float


class HealEscalated(AttemptData):
    """The worktree is about to be rebuilt."""

    reason: str
    resetsUsed: int
    resetsMax: int


class HealExhausted(AttemptData):
    """No further attempt follows by itself. ``retryable``: resuming the run may help."""

    retryable: bool
    reason: str


class ReplayedStep(TypedDict):
    """A step whose patch went into a rebuilt worktree."""

    index: int
    diffHash: str | None
    patchSha256: str


class ResumeFromStep(AttemptData):
    """The worktree was rebuilt up to before ``fromStepIndex``. ``trigger`` is ``auto`` or ``operator``."""

    fromStepIndex: int
    replayedSteps: list[ReplayedStep]
    baseCommit: str
    durationSeconds: float
    trigger: str
    commandId: str | None
    number: int


class Control(TypedDict):
    """An operator asked for ``action``."""

    commandId: str
    action: str
    stepId: str | None
    reason: str | None
    requestedBy: dict[str, Any]


class PauseChanged(TypedDict):
    """The worker holds, or goes on. ``status`` is ``paused``, ``taken_over`` or ``running``."""

    status: str


class Recovery(TypedDict):
    """What becomes of an operator's ``retry_step``, ``hard_reset_step`` or ``resume_from_step``."""

    commandId: str
    action: str
    stepId: str
    stepIndex: int
    strategy: str
    requestedBy: dict[str, Any]
    reason: str | None
    error: NotRequired[str]


class Waiting(TypedDict):
    """The runner waits for a person: ``detail`` is what it asks."""

    stepId: str
    stepIndex: int
    attempt: int
    detail: str


class TaskFinished(TypedDict):
    """The job ended: ``outcome`` is ``done``, ``needs_attention`` or ``failed``. ``published`` is what was done with the work."""

    outcome: str
    reason: str
    stepId: str | None
    published: str
    jobAttempt: int
