"""What to do after an attempt that failed: the budgets of a job, the count of failures without progress, and the verdict."""

from typing import Literal

from agency.domain.budgets import Budgets
from agency.domain.failures import RETRYABLE, FailureClass, TimeoutReason
from agency.domain.frozen import frozen
from agency.domain.signature import Signature

Strategy = Literal["none", "soft_reset", "hard_reset", "queue_retry", "operator_request"]
"""Nothing; a new attempt in the same worktree; one in a worktree that is rebuilt; the job is to be tried again later, as this
step has no attempt left; what the operator asked for."""

Exhausted = Literal["deterministic_failure", "attempts_exhausted", "resets_exhausted"]
"""Why a step ends without success: trying again cannot help; no attempt is left; it makes no progress and no hard reset is
left."""

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
LONGEST_RETRY_AFTER = 600.0


@frozen
class NoProgress:
    """How many failures in a row had the same signature over the same tree, and what the last one was. A new one, of count 0,
    stands at the start of a step and after a hard reset, an operator's command or the end of a takeover."""

    count: int = 0
    signature: str | None = None
    signature_version: int | None = None
    diff: str | None = None

    def after(self, signature: Signature | None, diff: str | None) -> "NoProgress":
        """The count with one more failure. A tree without changes (``diff`` None) equals another; a failure without a
        signature equals none, nor do signatures of two versions."""
        if signature is None:
            return NoProgress()
        this = NoProgress(count=1, signature=signature.hash, signature_version=signature.version, diff=diff)
        same = (self.signature, self.signature_version, self.diff) == (
            this.signature,
            this.signature_version,
            this.diff,
        )
        return NoProgress(
            count=self.count + 1 if same and self.count else 1,
            signature=this.signature,
            signature_version=this.signature_version,
            diff=this.diff,
        )

    def reaches(self, limit: int) -> bool:
        """Whether this is being stuck; never for a limit of 0."""
        return 0 < limit <= self.count


@frozen
class Verdict:
    """What to do. ``exhausted`` is why the step ends here, None when it goes on or was cancelled. ``retryable``: the failure
    was of a kind that may go better next time. ``cancelled``: stop, and call it no failure."""

    failure_class: FailureClass
    strategy: Strategy
    retryable: bool
    exhausted: Exhausted | None = None
    cancelled: bool = False


def judged_class(failure_class: FailureClass, no_progress: NoProgress, limit: int) -> FailureClass:
    """The class, with regard to the failures before: a retryable one that reaches the limit is being stuck. A deterministic
    one stays what it is."""
    stuck = failure_class in RETRYABLE and no_progress.reaches(limit)
    return "stuck_no_progress" if stuck else failure_class


def choose_strategy(
    failure_class: FailureClass,
    *,
    attempt: int,
    no_progress: NoProgress,
    resets: int,
    budgets: Budgets,
    cancel_requested: bool = False,
    operator_pending: bool = False,
) -> Verdict:
    """What to do after attempt number ``attempt`` of a step failed as ``failure_class``; the first condition that holds decides.
    ``no_progress`` counts this failure too; ``resets`` are the hard resets that the job has used."""
    failure_class = judged_class(failure_class, no_progress, budgets.no_progress_limit)
    retryable = failure_class in RETRYABLE
    stuck = no_progress.reaches(budgets.no_progress_limit)
    attempts_left = attempt < budgets.max_attempts
    resets_left = resets < budgets.max_resets

    def verdict(strategy: Strategy, exhausted: Exhausted | None = None, *, cancelled: bool = False) -> Verdict:
        return Verdict(
            failure_class=failure_class,
            strategy=strategy,
            retryable=retryable,
            exhausted=exhausted,
            cancelled=cancelled,
        )

    if cancel_requested:
        return verdict("none", cancelled=True)
    if operator_pending:
        return verdict("operator_request")
    if not retryable:
        return verdict("none", "deterministic_failure")
    if stuck and resets_left and attempts_left:
        return verdict("hard_reset")
    if stuck:
        return verdict("queue_retry", "resets_exhausted" if attempts_left else "attempts_exhausted")
    if attempts_left:
        return verdict("soft_reset")
    return verdict("queue_retry", "attempts_exhausted")


def backoff(
    attempt: int, *, jitter: float, timeout: TimeoutReason | None = None, retry_after: float | None = None
) -> float:
    """Seconds to wait after attempt number ``attempt`` failed: :data:`FIRST_DELAY`, doubled with each attempt, up to
    :data:`LONGEST_DELAY`, of which ``jitter`` (from 0 up to, but not 1) takes up to a half, so that many jobs do not come
    back at once. Never sooner than ``retry_after`` seconds, as far as they are at most :data:`LONGEST_RETRY_AFTER`.

    A timer that ran out over the first attempt has waited enough: no delay.
    """
    asked = min(max(0.0, retry_after or 0.0), LONGEST_RETRY_AFTER)
    if timeout is not None and attempt <= 1:
        return asked
    delay = min(FIRST_DELAY * 2.0 ** min(max(attempt, 1) - 1, 32), LONGEST_DELAY)
    return max(asked, delay * (1 - jitter / 2))
