"""Converting a parsed file into its Struct, and where exactly msgspec refuses to."""

import re
import threading
from types import EllipsisType
from typing import Any, TypeVar

import msgspec

from agency.config.document import KeyPath, value_at
from agency.config.value import Value

F = TypeVar("F", bound=msgspec.Struct)

# While one thread converts into a shape for the first time, another that does ends the process with SIGSEGV (seen with 0.22).
_ONE_AT_A_TIME = threading.Lock()

_REFUSAL = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")


def convert(value: object, shape: type[F]) -> F:
    """``value`` as ``shape``. Raises msgspec.ValidationError, caused by a Refused when a rule of ours is broken."""
    with _ONE_AT_A_TIME:
        return msgspec.convert(value, shape, dec_hook=_make_value)


def locate(value: object, shape: type[msgspec.Struct], refusal: msgspec.ValidationError) -> tuple[str, KeyPath]:
    """What is wrong and the whole key path, where msgspec writes ``[...]`` for the key of a map."""
    match = _REFUSAL.fullmatch(str(refusal))
    assert match is not None  # it matches any text
    path: list[str | int] = []
    for step in _steps(match["path"] or ""):
        if isinstance(step, EllipsisType):
            step = _guilty_key(value, shape, tuple(path), str(refusal))
            value = _with_only(value, tuple(path), step)
        path.append(step)
    return match["problem"], tuple(path)


def _make_value(kind: type[Value], raw: object) -> Value:
    return kind(raw)


def _steps(path: str) -> list[str | int | EllipsisType]:
    return [field or (int(index) if index else ...) for field, index in _STEP.findall(path)]


def _guilty_key(value: object, shape: type[msgspec.Struct], path: KeyPath, refusal: str) -> str:
    """The key of the mapping at ``path`` that is refused in the same words when it stands there alone."""
    for key in value_at(value, path):
        try:
            convert(_with_only(value, path, key), shape)
        except msgspec.ValidationError as again:
            if str(again) == refusal:
                return str(key)
    raise AssertionError("a mapping is refused for one of its keys")


def _with_only(value: Any, path: KeyPath, key: str) -> Any:
    """A copy of ``value`` in which the mapping at ``path`` has no key but ``key``."""
    if not path:
        return {key: value[key]}
    return {**value, path[0]: _with_only(value[path[0]], path[1:], key)}
