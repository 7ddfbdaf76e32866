"""What every value of a config file with a rule of its own has in common."""

from typing import Any, ClassVar, TypeGuard


class Refused(ValueError):
    """A value breaks its rule: it must be ``expected``. ``at`` leads on to the part of the value that is wrong."""

    def __init__(self, expected: str, *, hint: str, at: tuple[str | int, ...] = ()) -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint
        self.at = at


class Value:
    """A value that follows a rule.

    Making one from what a file holds raises :class:`Refused` when the rule is broken; ``value`` is then the plain value
    that it stands for. The docstring of a subclass describes it in the JSON Schema, ``expected`` in errors.
    """

    __slots__ = ("value",)
    expected: ClassVar[str]
    hint: ClassVar[str]
    json_schema: ClassVar[dict[str, Any]]
    value: Any

    def __init__(self, raw: object) -> None:
        self.value = self.parse(raw)

    def parse(self, raw: object) -> Any:
        """The plain value that ``raw`` stands for. Raises :class:`Refused`."""
        raise NotImplementedError

    @classmethod
    def refused(cls, at: tuple[str | int, ...] = ()) -> Refused:
        """The error for something that breaks the rule, to be raised by whoever found it."""
        return Refused(cls.expected, hint=cls.hint, at=at)


class OneOf(Value):
    """One of a few ``words``, from which the rest follows."""

    __slots__ = ()
    words: ClassVar[tuple[str, ...]]
    hint = "name one of them"

    def __init_subclass__(cls) -> None:
        cls.expected = f"one of {', '.join(cls.words)}"
        cls.json_schema = {"enum": list(cls.words)}

    def parse(self, raw: object) -> str:
        if raw is False and "off" in self.words:  # what YAML makes of the bare word
            return "off"
        if not isinstance(raw, str) or raw not in self.words:
            raise self.refused()
        return raw


def is_text(raw: object) -> TypeGuard[str]:
    """Whether ``raw`` is text that a program can be given: no NUL, and nothing that UTF-8 cannot say."""
    if not isinstance(raw, str) or "\0" in raw:
        return False
    try:
        raw.encode()
    except UnicodeEncodeError:  # half of a pair, written as an escape such as \ud800
        return False
    return True
