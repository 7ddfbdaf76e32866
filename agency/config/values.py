"""The values of a config file that follow a rule: what each accepts, how it is described, what it becomes."""

import re
import shlex
from typing import Any, ClassVar

from agency.config.value import OneOf, Refused, Value, is_text
from agency.domain.durations import parse_duration
from agency.domain.job import PUBLISH
from agency.domain.settings import NOTIFY_STATES

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")

_TEXT_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"\S"}
_DURATION_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"}
_HOUR = 3600.0
_FAILURES = ("transient_runtime", "deterministic_contract", "deterministic_policy", "deterministic_repo")
_QUOTE_IT = "put quotes around it"


class Version(Value):
    """The version of the file's shape. There is one so far."""

    __slots__ = ()
    expected = "the number 1"
    hint = "set version to 1"
    json_schema = {"const": 1}

    def parse(self, raw: object) -> int:
        # By type, because True and 1.0 equal 1.
        if type(raw) is not int or raw != 1:
            raise self.refused()
        return raw


class Text(Value):
    """Text that is not empty."""

    __slots__ = ()
    expected = "text that is not empty"
    hint = "give it a value, or remove the key"
    json_schema = _TEXT_SCHEMA

    def parse(self, raw: object) -> str:
        if isinstance(raw, int | float):
            raise Refused(self.expected, hint=_QUOTE_IT)
        if not is_text(raw) or not raw.strip():
            raise self.refused()
        return raw


class Flag(Value):
    """Yes or no."""

    __slots__ = ()
    expected = "true or false"
    hint = "write true or false"
    json_schema = {"type": "boolean"}

    def parse(self, raw: object) -> bool:
        if not isinstance(raw, bool):
            raise self.refused()
        return raw


class Dollars(Value):
    """An amount of US dollars."""

    __slots__ = ()
    expected = "a number of US dollars, 0 or more"
    hint = "write a number such as 3 or 0.25"
    json_schema = {"type": "number", "minimum": 0}

    def parse(self, raw: object) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw < 1e9:
            raise self.refused()
        return float(raw)


class Count(Value):
    """A whole number, 0 or more; 0 switches it off."""

    __slots__ = ()
    expected = "a whole number, 0 or more"
    hint = "write a number such as 2; 0 switches it off"
    json_schema = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
    least: ClassVar[int] = 0
    most: ClassVar[int] = 1_000_000

    def parse(self, raw: object) -> int:
        if type(raw) is not int or not self.least <= raw <= self.most:
            raise self.refused()
        return raw


class Attempts(Count):
    """How often a step is tried, the first time included."""

    __slots__ = ()
    expected = "a whole number, 1 or more"
    hint = "write a number such as 3"
    json_schema = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
    least = 1


class StepId(Value):
    """The id of a step: lower case letters, digits and . _ -, starting with a letter or digit."""

    __slots__ = ()
    expected = "an id: up to 64 lower case letters, digits and . _ -, starting with a letter or digit"
    hint = "write an id such as build-form"
    json_schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"}

    def parse(self, raw: object) -> str:
        if not isinstance(raw, str) or re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", raw) is None:
            raise self.refused()
        return raw


class Publish(OneOf):
    """What becomes of the work once every step is accepted."""

    __slots__ = ()
    words = PUBLISH


class Failure(OneOf):
    """What a failure means for trying again."""

    __slots__ = ()
    words = _FAILURES


class NotifyState(OneOf):
    """A state that a notification can tell of."""

    __slots__ = ()
    words = NOTIFY_STATES


class Pattern(Value):
    """A regular expression, in the syntax of Python."""

    __slots__ = ()
    expected = "a regular expression"
    hint = "write one such as 'session: ([0-9a-f-]+)'"
    json_schema = {"type": "string", "format": "regex", "minLength": 1}

    def parse(self, raw: object) -> str:
        if not is_text(raw) or not raw:
            raise self.refused()
        try:
            re.compile(raw)
        except (re.error, OverflowError, RecursionError):
            raise self.refused() from None
        return raw


class GroupPattern(Pattern):
    """A regular expression with a group, in the syntax of Python."""

    __slots__ = ()
    expected = "a regular expression with a group"

    def parse(self, raw: object) -> str:
        text = super().parse(raw)
        if re.compile(text).groups < 1:
            raise self.refused()
        return text


class Name(Value):
    """The name of a runner or an editor."""

    __slots__ = ()
    expected = "a name: letters, digits and . _ + -, starting with a letter or digit"
    hint = "write a name such as claude-fast"
    json_schema = {"type": "string", "pattern": f"^{_NAME.pattern}$"}

    def parse(self, raw: object) -> str:
        if not isinstance(raw, str) or not _NAME.fullmatch(raw):
            raise self.refused()
        return raw


class VariableName(Value):
    """The name of an environment variable."""

    __slots__ = ()
    expected = "a variable name: letters, digits and _, not starting with a digit"
    hint = "write a name such as HTTPS_PROXY"
    json_schema = {"type": "string", "pattern": f"^{_VARIABLE.pattern}$"}

    def parse(self, raw: object) -> str:
        if not isinstance(raw, str) or not _VARIABLE.fullmatch(raw):
            raise self.refused()
        return raw


class VariableValue(Value):
    """The value of an environment variable; it may be empty."""

    __slots__ = ()
    expected = "text"
    hint = _QUOTE_IT
    json_schema = {"type": "string"}

    def parse(self, raw: object) -> str:
        if not is_text(raw):
            raise self.refused()
        return raw


class CommandLine(Value):
    """A program and its arguments: a list of words, or one line of text that is split into words as a shell would."""

    __slots__ = ()
    expected = "a program with its arguments, as a list of words or one line of text"
    hint = "write it as [program, argument], or as one line with its quotes closed"
    json_schema = {"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}

    def parse(self, raw: object) -> tuple[str, ...]:
        words = self._split(raw) if is_text(raw) else raw
        if not isinstance(words, list) or not words:
            raise self.refused()
        for position, word in enumerate(words):
            if not is_text(word):
                raise Refused("a word, as text", hint=_QUOTE_IT, at=(position,))
        if not words[0].strip():
            raise self.refused()
        return tuple(words)

    def _split(self, line: str) -> list[str]:
        try:
            return shlex.split(line)
        except ValueError:
            raise self.refused() from None


class Words(CommandLine):
    """Words of a command line: a list, or one line of text that is split into words as a shell would."""

    __slots__ = ()
    expected = "words of a command line, as a list or one line of text"
    hint = "write it as [--flag, argument], or as one line with its quotes closed"


class RelativePath(Value):
    """A path inside the repo, relative to its root, without ``..``."""

    __slots__ = ()
    expected = "a relative path, without .., inside the repo"
    hint = "write a path such as scripts/setup.sh"
    json_schema = {"type": "string", "pattern": r"^(?!/)(?!(.*/)?\.\.(/|$))(?!(\./+)*\.?$)"}

    def parse(self, raw: object) -> str:
        if not is_text(raw) or not raw.strip() or raw.startswith("/"):
            raise self.refused()
        parts = [part for part in raw.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            raise self.refused()
        return raw


class PathPattern(RelativePath):
    """A path with wildcards, relative to the root of the repo, without ``..``."""

    __slots__ = ()
    expected = "a relative path or pattern, without .., inside the repo"
    hint = "write a pattern such as .env or config/*.local"


class Duration(Value):
    """A duration such as ``300ms``, ``90s``, ``10m`` or ``1h30m``, within limits."""

    __slots__ = ()
    shortest: ClassVar[float]
    longest: ClassVar[float]

    def parse(self, raw: object) -> float:
        try:
            seconds = parse_duration(raw) if isinstance(raw, str) else None
        except ValueError:
            seconds = None
        if seconds is None or not self.shortest <= seconds <= self.longest:
            raise self.refused()
        return seconds


class ScriptTimeout(Duration):
    """How long a script may take: a duration such as ``90s``, ``10m`` or ``1h30m``, from 1s to 24h."""

    __slots__ = ()
    expected = "a duration from 1s to 24h, such as 90s, 10m or 1h30m"
    hint = "write a number with its unit, such as 10m"
    json_schema = _DURATION_SCHEMA
    shortest, longest = 1.0, 24 * _HOUR


class DurationOrNone(Duration):
    """A duration for which ``0`` stands where there is to be none."""

    __slots__ = ()

    def parse(self, raw: object) -> float:
        if raw == "0" or (type(raw) is int and raw == 0):
            return 0.0
        return super().parse(raw)


class StartupGrace(DurationOrNone):
    """A duration such as ``300ms`` or ``2s``, up to 60s; ``0`` switches it off."""

    __slots__ = ()
    expected = "a duration from 0s to 60s, such as 300ms or 2s"
    hint = "write a number with its unit, such as 300ms"
    json_schema = {"anyOf": [_DURATION_SCHEMA, {"enum": [0, "0"]}]}
    shortest, longest = 0.0, 60.0


class AttemptTime(DurationOrNone):
    """A duration such as ``90s``, ``15m`` or ``2h``, up to 30d; ``0`` switches it off."""

    __slots__ = ()
    expected = "a duration up to 30d, such as 90s, 15m or 2h, or 0"
    hint = "write a number with its unit, such as 15m"
    json_schema = {"anyOf": [_DURATION_SCHEMA, {"enum": [0, "0"]}]}
    shortest, longest = 0.0, 30 * 24 * _HOUR
