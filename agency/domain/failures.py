"""What kind of failure ended an attempt: the evidence of it, and the class that the evidence gives."""

import re
from collections.abc import Sequence
from typing import Literal

from agency.domain.frozen import frozen
from agency.domain.plaintext import plain_lines
from agency.domain.signature import Signature

FailureClass = Literal[
    "transient_runtime", "stuck_no_progress", "deterministic_contract", "deterministic_policy", "deterministic_repo"
]
"""It may go better next time; the same failure over an unchanged tree; the job or the command line is wrong; something is not
allowed or a credential is missing; the repo itself is in the way. The words are those of records, events and metrics."""

TimeoutReason = Literal["idle", "wall"]
"""No meaningful output for too long; the attempt as a whole took too long."""

RETRYABLE: frozenset[FailureClass] = frozenset({"transient_runtime", "stuck_no_progress"})
"""The classes after which the same step may be tried again."""

LAST_LINES = 20
"""Lines from the end of the runner's own error that are looked at."""

_LINE = 1000  # characters of a line that are looked at


@frozen
class Evidence:
    """What is known of an attempt that failed. ``signal`` is a name such as ``SIGKILL``; ``lost``: nobody saw the end, as the
    worker or the session had died. ``structured_class`` is a verdict that the runner itself gave. ``retry_after`` is seconds
    that a provider asked to wait. ``error_lines`` are the last lines of the runner's own error, never of a test. ``diff`` is the
    hash of the tree, None when the step changed nothing."""

    timeout: TimeoutReason | None = None
    exit_code: int | None = None
    signal: str | None = None
    lost: bool = False
    structured_class: FailureClass | None = None
    retry_after: float | None = None
    error_lines: tuple[str, ...] = ()
    signature: Signature | None = None
    diff: str | None = None


@frozen
class ErrorRule:
    """A line of the runner's error that ``pattern`` (searched, in any case of letters) fits means ``failure_class``."""

    failure_class: FailureClass
    pattern: str


# A phrase counts where a clause begins: at the start, after punctuation, or after a word such as "error" or "status".
_CLAUSE = r"(?:^\s{0,8}|[:;,]\s{1,3}|[({\[\"=>|]:?\s{0,3}|\b(?:error|fatal|status|code|failed|http)[:=]?\s{0,3})"
# A number is a status when its meaning or nothing but punctuation follows: "401 Unauthorized", but not "401 tests"; one in square
# brackets is a process id more often than not.
_STATUS_ENDS = (
    r"(?=\s{0,3}(?:$|[^\w\s\]]|unauthorized|forbidden|bad|unprocessable|too many|internal|service|gateway|overloaded))"
)


def _phrases(failure_class: FailureClass, *phrases: str) -> ErrorRule:
    return ErrorRule(failure_class=failure_class, pattern=rf"{_CLAUSE}(?:{'|'.join(phrases)})(?!\w)")


def _names(failure_class: FailureClass, *names: str) -> ErrorRule:
    return ErrorRule(failure_class=failure_class, pattern=rf"(?<!\w)(?:{'|'.join(names)})(?!\w)")


RULES: tuple[ErrorRule, ...] = (
    _names(
        "deterministic_policy",
        "authentication_error|permission_error|billing_error|insufficient_quota|invalid_api_key|permission denied [(]publickey",
        "[A-Z][A-Z0-9_]{0,40}_(?:API_KEY|TOKEN) (?:is |must be )?(?:not set|missing|unset|required)",
    ),
    _phrases(
        "deterministic_policy",
        rf"40[13]{_STATUS_ENDS}",
        "unauthorized|forbidden|authentication (?:failed|required)|not (?:authorized|logged in)",
        "(?:invalid|incorrect|missing) (?:api key|bearer token|credentials?)|missing environment variable|please run /login",
        "permission denied|operation not permitted|access denied|(?:blocked|denied|rejected) by (?:the )?policy",
        "credit balance is too low|you exceeded your current quota",
    ),
    _names("deterministic_contract", "invalid_request_error|model_not_found|unsupported_(?:model|value|parameter)"),
    _phrases(
        "deterministic_contract",
        rf"4(?:00|22){_STATUS_ENDS}",
        "bad request|unprocessable entity|schema validation (?:failed|error)|invalid schema",
        "(?:unknown|unrecognized|unsupported|unexpected) (?:option|argument|flag|model|runner|sub-?command)",
        "(?:a |the )?required (?:option|argument|field|property|parameter)|the following (?:required )?arguments",
        "invalid (?:value|choice|argument|configuration|config)|[^\\s:]{1,200}: (?:command )?not found$",
    ),
    _phrases(
        "deterministic_repo",
        "not a git repository|repository (?:\\S{1,300} )?(?:does not exist|not found)|(?:automatic )?merge (?:conflict|failed)",
        "conflict [(][\\w/ ]{1,40}[)]|could not apply|patch (?:failed|does not apply)|couldn.t find remote ref",
        "pathspec '[^']{1,300}'|invalid reference|ambiguous argument|unknown revision|bad object",
        "refusing to merge unrelated histories",
    ),
    _names(
        "transient_runtime", "overloaded_error|rate_limit_error|api_error|E(?:CONN\\w{1,12}|TIMEDOUT|AI_AGAIN|PIPE)"
    ),
    _phrases(
        "transient_runtime",
        rf"(?:429|50[0234]|529){_STATUS_ENDS}",
        "too many requests|rate limit|overloaded|bad gateway|gateway time-?out|internal server error",
        "(?:service |temporarily )unavailable|connection (?:reset|refused|aborted|closed|timed out)|socket hang up",
        "(?:request |operation )?timed out|time-?out|could not resolve host|stream (?:disconnected|error)|upstream",
    ),
)
"""What errors say, in the order in which it counts. A word alone, such as "token" or "branch", says nothing."""


def classify(evidence: Evidence, extra: Sequence[ErrorRule] = ()) -> FailureClass:
    """The class of a failure, by the first of these that says something: the verdict of the runner itself; a timer that ran
    out; a signal, or an end that nobody saw; what the error says. A failure that nothing explains, such as a check that does
    not pass, may go better next time.

    ``extra`` rules come before :data:`RULES`. Raises re.error for an extra rule whose pattern is none.
    """
    if evidence.structured_class is not None:
        return evidence.structured_class
    if evidence.timeout is not None or evidence.signal is not None or evidence.lost:
        return "transient_runtime"
    return _said(evidence.error_lines, (*extra, *RULES)) or "transient_runtime"


def _said(lines: Sequence[str], rules: Sequence[ErrorRule]) -> FailureClass | None:
    """The class by the first rule for the lowest line that has one: what a runner says last is why it ended, and what stands
    above may be something that it got over."""
    plain = [line[:_LINE] for told in lines[-LAST_LINES:] for line in plain_lines(told)]
    for line in reversed(plain[-LAST_LINES:]):
        for rule in rules:
            if re.search(rule.pattern, line, re.IGNORECASE):
                return rule.failure_class
    return None
