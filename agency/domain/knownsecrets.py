"""Finds secrets whose text is known, in every form in which programs print them: as they are, escaped for JSON, quoted for a
URL, as base64 of a longer text, and broken over lines by a terminal or by ``base64`` itself."""

import binascii
import json
import re
from collections.abc import Iterable

from agency.domain.secretnames import LEAST
from agency.domain.secretpatterns import REDACTED

_LONG_LINE = 16
_LONGEST_WHOLE = 256
_PART = 24
_LONGEST_BROKEN = 4096
"""Characters up to which a secret is also seen where it is broken over lines. Of a longer one, what a break is in stays."""
_START = 3
"""Characters that stand on the first of the lines over which a secret is broken, at least, to be seen as its beginning."""

_BREAK = r"[ \t]{0,64}(?:(?:\r?\n|(?:\\r)?\\n)[ \t]{0,64})?"
_SPACE = r"[ \t]{0,64}"
_NO_BREAKS = re.compile(r"[ \t\r\n]|\\[rn]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class KnownSecrets:
    """Some values, to be looked for again and again. Those shorter than :data:`LEAST` are not looked for."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {squashed(form) for value in values for form in _forms(value.strip())}
        parts = {part: len(form) for form in forms if len(form) >= LEAST for part in _parts(form)}
        self._forms = sorted(parts, key=lambda form: (-len(form), form))
        self._unbroken = frozenset(part for part, whole in parts.items() if whole > _LONGEST_BROKEN)
        # Broken within its first two characters, a secret is found by what follows them.
        self._cores = [(form[_START - 1 :], form) for form in self._forms]
        self._patterns: dict[tuple[str, ...], re.Pattern[str]] = {}
        self._beginnings: dict[str, list[str]] = {}
        self._trigrams: set[str] = set()
        for form in self._forms:
            for start in range(_START):
                part = form[start:]
                self._beginnings.setdefault(part[:_START], []).append(part)
            self._trigrams.update(form[at : at + _START] for at in range(len(form) - _START + 1))
        self.longest = max(map(len, self._forms), default=0)

    def mask(self, text: str) -> str:
        """``text`` with each of the values masked, the longest first; line breaks inside one stay. What is masked already is
        not looked at again."""
        pattern = self._pattern_for(text)
        if pattern is None:
            return text
        parts = text.split(REDACTED)
        return REDACTED.join(pattern.sub(_masked, part) for part in parts)

    def open_end(self, text: str) -> int:
        """Where in ``text``, which ends with a line, the first line begins that a broken value may begin on which only the
        next lines complete; ``len(text)`` when there is none."""
        whole = len(text)
        tail_start = max(0, whole - 4 * self.longest - 256)
        if not text[_line_start(text, whole - 1) :].strip():  # nothing is broken by a blank line
            return whole
        if not self._forms or squashed(text[max(tail_start, whole - 256) :])[-_START:] not in self._trigrams:
            return whole
        kept = [
            (char, at)
            for run in _RUN.finditer(text, tail_start)
            for at, char in enumerate(run[0], run.start())
            if run.lastgroup is None
        ]
        tail = "".join(char for char, _ in kept)
        for at in range(max(0, len(tail) - self.longest), len(tail) - _START + 1):
            rest = tail[at:]
            if any(len(part) > len(rest) and part.startswith(rest) for part in self._beginnings.get(rest[:_START], ())):
                return self._outside_of_matches(text, _line_start(text, kept[at][1]), tail_start)
        return whole

    def _outside_of_matches(self, text: str, at: int, first: int) -> int:
        """The start of the line at ``at``, or of the line where a value begins that goes over ``at``."""
        pattern = self._pattern_for(text[first:])
        while pattern is not None:
            over = next((m.start() for m in pattern.finditer(text, first) if m.start() < at < m.end()), None)
            if over is None:
                break
            at = _line_start(text, over)
        return at

    def _pattern_for(self, text: str) -> re.Pattern[str] | None:
        """What finds the values that may be in ``text``. Most texts hold none, and are told by a plain search."""
        if not self._forms:
            return None
        plain = text
        for gap in (" ", "\t", "\n", "\r", "\\n", "\\r"):
            plain = plain.replace(gap, "")
        found = tuple(form for core, form in self._cores if core in plain or "\\" in form)
        if not found:
            return None
        if found not in self._patterns:
            if len(self._patterns) > 64:
                self._patterns.clear()
            self._patterns[found] = re.compile("|".join(map(self._pattern_of, found)))
        return self._patterns[found]

    def _pattern_of(self, form: str) -> str:
        if form in self._unbroken:
            return _joined(*map(re.escape, form))
        a, b, c, d, e, *rest = map(re.escape, form)
        start = f"(?:{_joined(a, b, c)}{_BREAK}{d}{_BREAK}{e}|{_joined(b, c, d)}{_BREAK}{e}|{_joined(c, d, e)})"
        return "".join([start, *(_BREAK + char for char in rest)])


def squashed(text: str) -> str:
    """``text`` without what a line break may put into it: white space, and the line breaks of JSON."""
    return _NO_BREAKS.sub("", text)


_RUN = re.compile(r"(?P<gap>[ \t\r\n]+|\\[rn])|[^ \t\r\n\\]+|\\")


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _masked(match: re.Match[str]) -> str:
    return REDACTED + "\n" * match[0].count("\n")


def _joined(*chars: str) -> str:
    return _SPACE.join(chars)


def _forms(value: str) -> Iterable[str]:
    """The value, each long line of it, and what programs make of them."""
    if len(value) < LEAST:
        return
    lines = value.splitlines()
    long = [line.strip() for line in lines if len(line.strip()) >= _LONG_LINE] if len(lines) > 1 else []
    for text in (value, *(line for line in long if any(char.isdecimal() for char in line))):
        yield text
        escaped = json.dumps(text)[1:-1]
        yield from (escaped, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(escaped)[1:-1])
        raw = text.encode("utf-8", "surrogatepass")
        yield from _quoted(raw)
        for form in _base64(raw):
            yield from (form, form.replace("+", "-").replace("/", "_"))


def _parts(form: str) -> Iterable[str]:
    """``form``, or the parts that a long one is looked for in: a pattern for all of it would take long to make."""
    if len(form) <= _LONGEST_WHOLE:
        return (form,)
    count = len(form) // _PART
    return (form[len(form) * at // count : len(form) * (at + 1) // count] for at in range(count))


def _quoted(raw: bytes) -> Iterable[str]:
    for safe in (_UNRESERVED, _UNRESERVED | {0x2F}):
        upper = "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in raw)
        yield from (upper, upper.replace("%20", "+"))
        yield "".join(chr(byte) if byte in safe else f"%{byte:02x}" for byte in raw)


def _base64(raw: bytes) -> Iterable[str]:
    """What is the same in the base64 of every text that ``raw`` is in: one form for each of its three places in a group."""
    for before in range(3):
        encoded = binascii.b2a_base64(bytes(before) + raw, newline=False).decode()
        yield encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
