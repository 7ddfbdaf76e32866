"""The signature of a failure: the same for two failures that differ only in times, process ids, temporary paths and the like."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from agency.domain.frozen import frozen
from agency.domain.plaintext import plain_lines

SIGNATURE_VERSION = 1
"""Rises with any change of the rules here; signatures of two versions are never compared."""

LONGEST = 512
"""Characters of the normalised text."""

_LAST_LINES = 20
_LONGEST_INPUT = 65536  # characters; of more, the beginning and the end
_LONGEST_LINE = 2048  # characters of a line that are looked at

# Bounded or anchored at the start of a word, so that each takes time in proportion to the length of the line.
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_UNIT = "nanoseconds?|microseconds?|milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|ns|us|μs|ms|s|m|h"
_TAIL = r"(?:/[^\s:'\"<>)\],;]*)?"
_VOLATILE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), placeholder)
    for pattern, placeholder in (
        (
            r"(?<!\w)\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:z|utc|[+-]\d\d:?\d\d))?)?(?!\w)",
            "<time>",
        ),
        (rf"\b(?:{_MONTH}) [ \d]?\d \d\d:\d\d:\d\d(?!\w)", "<time>"),  # syslog
        (r"(?<![\w:.])\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?(?!\w)", "<time>"),
        (r"(?<!\w)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)", "<uuid>"),
        (r"(?<!\w)0x[0-9a-f]+(?!\w)", "<address>"),
        (rf"(?<![\w./-])(?:/private)?/(?:tmp|var/tmp|var/folders|dev/shm)(?![\w.-]){_TAIL}", "<tmp>"),
        (r"(?<![\w./-])/(?:home|users)/[^\s/:'\"<>)\],;]+|(?<![\w./-])/root(?![\w.-])", "<home>"),
        (rf"(?<![\w.])\d+(?:\.\d+)?\s?(?:{_UNIT})(?:\s?\d+(?:\.\d+)?\s?(?:{_UNIT})){{0,4}}(?!\w)", "<duration>"),
        (r"(?<![\w.])\d+(?:\.\d+)?\s?%", "<percent>"),
        (
            r"\b((?:pid|process|port|line|column|col|thread|worker|attempt|try|retry|round|iteration)[ =:#]{1,3})\d+\b",
            r"\1<n>",
        ),
        (r"(?<!\w)[0-9a-f]{7,}(?!\w)", "<hex>"),
        (r"(?<=[\w\])]):\d{1,6}(?::\d{1,6})?(?!\w)", ":<n>"),  # a port, or line and column
        (r"(?:(?<=\w)|(?<=<time> ))\[\d+\]", "[<n>]"),  # a process id as syslog writes it, or as logs do after the time
        (r"#\d+\b|(?<![\w.])\d+(?:/| of )\d+(?![\w.])", "<count>"),
    )
)
_ERROR = re.compile(
    r"(?:\b|_)(?:error|fatal|exception|failed|failure|panic|panicked|traceback|cannot|denied)(?:\b|_)|error\b"
)


@frozen
class Signature:
    """``text`` is what failures are compared by, ``hash`` stands for it as ``sha256:<hex>``."""

    version: int
    text: str
    hash: str


def failure_signature(
    error: str,
    *,
    step_id: str,
    exit_code: int | None = None,
    hint: str | None = None,
    kept_roots: Sequence[str] = (),
    temporary_roots: Sequence[str] = (),
) -> Signature | None:
    """The signature of a failure of the step ``step_id``; None when nothing is known of it, neither text nor exit code nor
    ``hint``, which is a word such as ``idle`` or ``SIGKILL``.

    ``error`` must be without secrets already. Absolute paths below ``kept_roots`` (worktree, home) keep what follows, those
    below ``temporary_roots`` do not.
    """
    body = _normalised(error, kept_roots, temporary_roots)
    if not body and exit_code is None and not hint:
        return None
    parts = [
        f"step={step_id}",
        *([] if exit_code is None else [f"exit={exit_code}"]),
        *([f"hint={hint}"] if hint else []),
    ]
    text = " ".join([*parts, *([body] if body else [])])
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return Signature(version=SIGNATURE_VERSION, text=text, hash=f"sha256:{digest}")


def _normalised(error: str, kept_roots: Sequence[str], temporary_roots: Sequence[str]) -> str:
    """The first line that tells an error and the last distinct ones, without what is different each time."""
    if len(error) > _LONGEST_INPUT:
        error = f"{error[: _LONGEST_INPUT // 2]}\n{error[-_LONGEST_INPUT // 2 :]}"
    roots = _root_patterns(kept_roots, temporary_roots)
    told = plain_lines(error)
    forms = {line: _without_volatile(line, roots) for line in dict.fromkeys(told)}
    lines = [form for line in told if (form := forms[line])]
    first = [line for line in lines if _ERROR.search(line)][:1]
    last = list(dict.fromkeys(reversed(lines)))[:_LAST_LINES][::-1]
    return " ".join([*first, *(line for line in last if line not in first)])[:LONGEST].rstrip()


def _without_volatile(line: str, roots: Iterable[tuple[re.Pattern[str], str]]) -> str:
    line = _folded(line[:_LONGEST_LINE])[:_LONGEST_LINE]
    for pattern, placeholder in (*roots, *_VOLATILE):
        line = pattern.sub(placeholder, line)
    return " ".join(line.split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _root_patterns(kept: Sequence[str], temporary: Sequence[str]) -> list[tuple[re.Pattern[str], str]]:
    """Patterns for absolute paths, the longest first, as one may be below another."""
    placeholders = dict.fromkeys(temporary, ("<tmp>", _TAIL)) | dict.fromkeys(kept, ("<root>", ""))
    patterns = []
    for root in sorted(placeholders, key=len, reverse=True):
        if folded := _folded(root).rstrip("/"):
            placeholder, tail = placeholders[root]
            patterns.append((re.compile(rf"(?<![\w./-]){re.escape(folded)}(?![\w.-]){tail}"), placeholder))
    return patterns
