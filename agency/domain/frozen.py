"""``@frozen``: a dataclass that is frozen, slotted and keyword-only, and that compiles its methods when they are first used.

``dataclasses.dataclass`` writes and compiles six methods for a class, which takes a millisecond. A command loads fifty classes,
makes objects of some of them and compares hardly any, so nearly half of its time went there.
"""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")

_METHODS = ("__init__", "__repr__", "__eq__", "__hash__")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make ``cls`` what ``dataclass(frozen=True, slots=True, kw_only=True)`` makes of it, for all that look at it: ``fields``,
    ``replace``, ``asdict``, ``copy`` and msgspec among them."""
    own = frozenset(cls.__dict__)
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    for name in _METHODS:
        if name not in own:
            setattr(made, name, _compiled_on_use(made, name))
    made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    made.__getstate__, made.__setstate__ = _get_state, _set_state
    return made  # type: ignore[no-any-return]


def _compiled_on_use(cls: type, name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **values: Any) -> Any:
        compiled = getattr(_twin(cls, name), name)
        setattr(cls, name, compiled)
        return compiled(self, *args, **values)

    return method


def _twin(cls: type, name: str) -> type:
    """A class with the same fields, of which the standard library has made the method ``name``."""
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    for each in fields(cls):
        namespace["__annotations__"][each.name] = each.type
        namespace[each.name] = field(
            default=each.default,
            default_factory=each.default_factory,
            init=each.init,
            repr=each.repr,
            compare=each.compare,
            hash=each.hash,
        )
    if hasattr(cls, "__post_init__"):
        namespace["__post_init__"] = cls.__post_init__
    comparing = name in ("__eq__", "__hash__")
    compile = dataclass(init=name == "__init__", repr=name == "__repr__", eq=comparing, frozen=True, kw_only=True)
    return compile(type(cls.__name__, (), namespace))


def _refuse_to_set(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
