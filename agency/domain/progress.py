"""What counts as meaningful output of a runner, so that a spinner does not pass for work.

Output is cut into segments: a line that ends counts as finished, what a carriage return or a cursor movement brings to be
written over does not. Of each segment two forms are compared with those of the segments before: its words, which are its
letters; and, of a finished line, its words and numbers. Times are no part of either. New words are progress wherever they
stand, new numbers only in a finished line: ``tick 1`` and ``tick 2`` are progress there, an elapsed time is none anywhere.
"""

import re
from collections.abc import Iterable
from dataclasses import field
from itertools import chain

from agency.domain.frozen import frozen

WORDS_REMEMBERED = 256
LINES_REMEMBERED = 64
"""Different forms of each kind that are remembered; a segment like one of them is nothing new."""

LONGEST_SEGMENT = 1024
"""Characters after which a segment ends as if a line ended there."""

# What an escape sequence may hold has bounds, so that one that is never finished is not waited for for ever.
_CSI = r"\[[0-?]{0,64}[ -/]{0,8}"
_OSC = r"\][^\x07\x1b\r\n]{0,1024}"
_LONGEST_SEQUENCE = 1028
_MOVE = re.compile(rf"\x1b(?:{_CSI}[AEFGHfdu]|8)")
_SEQUENCE = re.compile(rf"\x1b(?:{_CSI}[@-~]|{_OSC}(?:\x07|\x1b\\)|[ -/]{{0,8}}[0-Z\\^-~])")
_BLANK_LINES = re.compile(r"\n{2,}")
_RETURNS = re.compile(r"\r{2,}")
_UNFINISHED = re.compile(rf"\x1b(?:{_CSI}|{_OSC}\x1b?|[ -/]{{0,8}})\Z")

_TIME = re.compile(
    r"(?<!\w)(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?"
    r"|\d+(?:[.,]\d+)?\s?(?:milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|ms|s|m|h)"
    r"(?:\s?\d+(?:[.,]\d+)?\s?(?:ms|s|m|h)){0,4})(?!\w)"
)
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_NO_LETTER = re.compile(r"[\W\d_]+")
_NO_WORD = re.compile(r"[\W_]+")
_BAR = re.compile(r"(?=.*[%#=\u2500-\u25ff])[\s\d%#=|>\-\[\]()<\u2500-\u25ff\u2800-\u28ff]*\Z")
_UNFINISHED_WORD = re.compile(r"(?<!\S)\S*\Z")


@frozen
class Output:
    """All that must be known of the output so far. ``progress``: whether the text that came last had some. How output is cut into
    texts makes no difference, so a reader may gather it and ask now and then. ``words`` and ``lines`` are the forms seen last,
    newest first."""

    progress: bool = field(default=False, compare=False)
    unfinished: str = ""  # an escape sequence or carriage returns, of which it is not known yet what they are
    segment: str = ""
    told: str = ""  # words of the segment that have counted already
    words: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    def after(self, text: str) -> "Output":
        """The output with ``text`` added. Takes time in proportion to the text, and no more memory than the forms do."""
        plain, unfinished = _plain(self.unfinished + text)
        ended, finished, segment = _cut(self.segment + plain)
        alike = _alike(ended)
        words = _remembered(map(_words, dict.fromkeys(reversed(alike))), self.words, WORDS_REMEMBERED)
        told = self.told if not ended else ""
        begun = _words(segment[: _UNFINISHED_WORD.search(segment).start()])  # type: ignore[union-attr]
        return Output(
            progress=_has_new(map(_words, dict.fromkeys(alike)), self.words)
            or _has_new(map(_numbered, dict.fromkeys(finished)), self.lines)
            or (len(begun) > len(told) and not any(known.startswith(begun) for known in words)),
            unfinished=unfinished,
            segment=segment,
            told=begun,
            words=words,
            lines=_remembered(map(_numbered, dict.fromkeys(reversed(finished))), self.lines, LINES_REMEMBERED),
        )


def _plain(text: str) -> tuple[str, str]:
    """``text`` without escape sequences, where only newlines and single carriage returns end a segment; and its end, as it came,
    as far as more must be seen to know what it is."""
    unfinished = ""
    if "\x1b" in text:
        found = _UNFINISHED.search(text, max(0, len(text) - _LONGEST_SEQUENCE))
        if found is not None:
            text, unfinished = text[: found.start()], found[0]
        text = _SEQUENCE.sub("", _MOVE.sub("\r", text))
    if "\r" in text:
        text = _RETURNS.sub("\r", text).replace("\r\n", "\n")
        if text.endswith("\r"):
            text, unfinished = text[:-1], f"\r{unfinished}"
    return _BLANK_LINES.sub("\n", text), unfinished


def _cut(text: str) -> tuple[list[str], list[str], str]:
    """The segments that ended, those of them that are finished lines, and the one that goes on."""
    *lines, last = text.split("\n")
    if "\r" not in text and max(len(last), max(map(len, lines), default=0)) <= LONGEST_SEGMENT:
        return lines, lines, last
    ended: list[str] = []
    finished: list[str] = []
    for line in (*lines, last):
        *overwritten, end = line.split("\r")
        for segment in overwritten:
            *full, rest = _pieces(segment)
            finished += full
            ended += [*full, rest]
        *full, rest = _pieces(end)
        finished += [*full, rest]
        ended += [*full, rest]
    return ended[:-1], finished[:-1], ended[-1]


def _pieces(segment: str) -> list[str]:
    return [segment[start : start + LONGEST_SEGMENT] for start in range(0, len(segment) or 1, LONGEST_SEGMENT)]


def _alike(segments: list[str]) -> list[str]:
    """The segments with all digits alike, which their words do not depend on: of a flood of lines that only count, few different
    ones are left to look at."""
    return (
        "\n".join(segments)
        .encode("utf-8", "surrogatepass")
        .translate(_DIGITS)
        .decode("utf-8", "surrogatepass")
        .split("\n")
    )


def _words(segment: str) -> str:
    return _NO_LETTER.sub("", _TIME.sub("", segment))


def _numbered(line: str) -> str:
    """Words and numbers; nothing for a bar that only shows how far something is."""
    line = _TIME.sub("", line)
    return "" if _BAR.match(line) else _NO_WORD.sub("", line)


def _has_new(forms: Iterable[str], known: tuple[str, ...]) -> bool:
    remembered = {"", *known}
    return any(form not in remembered for form in forms)


def _remembered(newest_first: Iterable[str], known: tuple[str, ...], most: int) -> tuple[str, ...]:
    """The forms seen last, without those that say nothing."""
    forms: dict[str, None] = {}
    for form in chain(newest_first, known):
        if form:
            forms[form] = None
            if len(forms) == most:
                break
    return tuple(forms)
