"""The values of plan files that follow a rule of their own."""

from agency.config.value import OneOf, Value, is_text
from agency.config.values import Count
from agency.domain.manifest import TDD_MODES
from agency.domain.plansettings import CLEANUPS, ENFORCEMENTS, FAILURE_POLICIES


class Enforcement(OneOf):
    """Whether something is not looked at, told, or stops the work."""

    __slots__ = ()
    words = ENFORCEMENTS


class BudgetMode(OneOf):
    """Whether a limit that is crossed is told, or pauses the plan."""

    __slots__ = ()
    words = ENFORCEMENTS[1:]


class FailurePolicy(OneOf):
    """What follows when a task has failed."""

    __slots__ = ()
    words = FAILURE_POLICIES


class Cleanup(OneOf):
    """Whether the runs of tasks that were merged are archived."""

    __slots__ = ()
    words = CLEANUPS


class CanaryMode(OneOf):
    """How the doctor itself is tried."""

    __slots__ = ()
    words = ("env", "off")


class TddMode(OneOf):
    """Whether tests that fail have to be there before the work."""

    __slots__ = ()
    words = TDD_MODES


class TaskId(Value):
    """The id of a task: letters, digits and . _ -, up to 40."""

    __slots__ = ()
    expected = "an id: up to 40 letters, digits and . _ -, starting with a letter or digit"
    hint = "write an id such as 001"
    json_schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"}

    def parse(self, raw: object) -> str:
        import re

        if not isinstance(raw, str) or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", raw) is None:
            raise self.refused()
        return raw


class KebabName(Value):
    """A name: lower-case letters, digits and single hyphens."""

    __slots__ = ()
    expected = "a name of lower-case letters, digits and single hyphens, starting with a letter"
    hint = "write a name such as add-login-form"
    json_schema = {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"}

    def parse(self, raw: object) -> str:
        import re

        if not isinstance(raw, str) or re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", raw) is None or len(raw) > 80:
            raise self.refused()
        return raw


class ShellLine(Value):
    """A command line for /bin/sh."""

    __slots__ = ()
    expected = "a command line"
    hint = "write a command such as make test"
    json_schema = {"type": "string", "pattern": r"\S"}

    def parse(self, raw: object) -> str:
        if not is_text(raw) or not raw.strip():
            raise self.refused()
        return raw.strip()


class Glob(Value):
    """A path pattern, relative to the top of the repo."""

    __slots__ = ()
    expected = "a path pattern relative to the top of the repo, such as src/**"
    hint = "write it without a leading / and without .."
    json_schema = {"type": "string", "pattern": r"^[^/]"}

    def parse(self, raw: object) -> str:
        if not is_text(raw) or not raw.strip() or raw.startswith("/") or ".." in raw.split("/"):
            raise self.refused()
        return raw.strip().removeprefix("./")


class Minutes(Count):
    """How long something is thought to take."""

    __slots__ = ()
    expected = "a number of minutes above 0"
    hint = "write a number such as 30"
    json_schema = {"type": "integer", "minimum": 1, "maximum": 100_000}
    least, most = 1, 100_000


class Tokens(Count):
    """A number of tokens."""

    __slots__ = ()
    expected = "a whole number of tokens above 0"
    hint = "write a number such as 200000"
    json_schema = {"type": "integer", "minimum": 1, "maximum": 10**12}
    least, most = 1, 10**12


class Seconds(Value):
    """A number of seconds, or a duration such as ``90s`` or ``15m``."""

    __slots__ = ()
    expected = "a duration such as 90s or 15m"
    hint = "write a number with its unit, such as 15m"
    json_schema = {"type": ["string", "number"]}

    def parse(self, raw: object) -> float:
        from agency.domain.durations import parse_duration

        if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw <= 30 * 86400:
            return float(raw)
        if not isinstance(raw, str):
            raise self.refused()
        try:
            return parse_duration(raw)
        except ValueError:
            raise self.refused() from None
