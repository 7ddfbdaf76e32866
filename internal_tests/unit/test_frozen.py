"""``@frozen`` makes what the frozen, slotted, keyword-only dataclass of the standard library is."""

import copy
import pickle
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar

import msgspec
import pytest

from agency.domain.frozen import frozen

Make = Callable[[type[Any]], type[Any]]

STANDARD: Make = dataclass(frozen=True, slots=True, kw_only=True)


def _declare(make: Make) -> type[Any]:
    class Point:
        """Has one field of every kind."""

        x: int
        y: float = 1.5
        tags: list[str] = field(default_factory=list)
        seen: bool = field(default=False, compare=False)
        secret: str = field(default="s", repr=False)
        mark: int = field(default=0, hash=False)
        kind: ClassVar[str] = "point"

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("x is negative")

        def doubled(self) -> int:
            return self.x * 2

    return make(Point)


def _declare_more(make: Make) -> type[Any]:
    @make
    class Base:
        """Has a field."""

        a: int

        def __post_init__(self) -> None:
            object.__setattr__(self, "a", self.a + 1)

    @make
    class More(Base):
        """Has another, of its own and by default."""

        b: tuple[int, ...] = ()

        def __repr__(self) -> str:
            return "its own"

    return More


@frozen
class Known:
    """Can be found by pickle."""

    a: int
    b: str = "b"


def _outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:
        return type(error), str(error).replace(_declare.__name__, "")


LOOKS: dict[str, Callable[[type[Any]], object]] = {
    "repr": lambda cls: repr(cls(x=1, y=2.0)),
    "default": lambda cls: asdict(cls(x=1)),
    "replaced": lambda cls: asdict(replace(cls(x=1, tags=["a"]), x=5)),
    "checked": lambda cls: cls(x=-1),
    "replaced and checked": lambda cls: replace(cls(x=1), x=-1),
    "missing": lambda cls: cls(),
    "unknown": lambda cls: cls(x=1, z=1),
    "by place": lambda cls: cls(1),
    "fields": lambda cls: [(f.name, f.type, f.default, f.kw_only, f.compare, f.repr, f.hash) for f in fields(cls)],
    "slots": lambda cls: (cls.__slots__, hasattr(cls(x=1), "__dict__")),
    "match": lambda cls: cls.__match_args__,
    "doc": lambda cls: (cls.__doc__, cls.__name__, cls.__module__, cls.kind, is_dataclass(cls)),
    "equal": lambda cls: (cls(x=1) == cls(x=1), cls(x=1) == cls(x=2), cls(x=1) != cls(x=1), cls(x=1) == 1),
    "compared": lambda cls: (cls(x=1, seen=True) == cls(x=1), cls(x=1, secret="t") == cls(x=1)),
    "hashed": lambda cls: hash(cls(x=1)),
    "hashed alike": lambda cls: hash(cls(x=1, tags=(), mark=1)) == hash(cls(x=1, tags=(), mark=2, seen=True)),
    "hashed apart": lambda cls: hash(cls(x=1, tags=())) == hash(cls(x=2, tags=())),
    "apart": lambda cls: cls(x=1).tags is cls(x=1).tags,
    "copied": lambda cls: asdict(copy.copy(cls(x=1, tags=["a"]))),
    "copied deeply": lambda cls: asdict(copy.deepcopy(cls(x=1, tags=["a"]))),
    "called": lambda cls: cls(x=4).doubled(),
    "set": lambda cls: setattr(cls(x=1), "x", 2),
    "set anew": lambda cls: isinstance(_outcome(lambda: setattr(cls(x=1), "z", 2)), tuple),
    "deleted": lambda cls: delattr(cls(x=1), "x"),
    "converted": lambda cls: asdict(msgspec.convert({"x": 3, "tags": ["a"]}, cls)),
    "converted and checked": lambda cls: msgspec.convert({"x": -3}, cls),
    "converted wrongly": lambda cls: msgspec.convert({"x": "3"}, cls),
    "encoded": lambda cls: msgspec.json.encode(cls(x=3)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks_like_one_of_the_standard_library(look: str) -> None:
    standard, ours = _outcome(lambda: LOOKS[look](_declare(STANDARD))), _outcome(lambda: LOOKS[look](_declare(frozen)))
    assert ours == standard


@pytest.mark.parametrize(
    "look", [repr, lambda one: (one.a, one.b), lambda one: one == one, hash], ids=["repr", "values", "eq", "hash"]
)
def test_one_that_extends_another(look: Callable[[Any], object]) -> None:
    assert look(_declare_more(frozen)(a=1, b=(2,))) == look(_declare_more(STANDARD)(a=1, b=(2,)))


def test_each_use_may_be_the_first_and_none_changes_the_next() -> None:
    cls = _declare(frozen)
    made = [cls(x=number, tags=()) for number in range(3)]
    assert [one.x for one in made] == [0, 1, 2]
    assert len({*made, *made}) == 3
    assert made[0] == cls(x=0, tags=()) != made[1]
    assert repr(made[2]) == repr(cls(x=2, tags=()))


def test_it_survives_pickle() -> None:
    assert pickle.loads(pickle.dumps(Known(a=1))) == Known(a=1)


def test_threads_that_are_first_together_all_get_theirs() -> None:
    for _ in range(20):
        cls = _declare(frozen)
        begin = threading.Barrier(4)
        made: list[int] = []

        def make(number: int, cls: type[Any] = cls, begin: threading.Barrier = begin, made: list[int] = made) -> None:
            begin.wait()
            one = cls(x=number)
            made.append(one.x if one == cls(x=number) else -1)

        threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(made) == [0, 1, 2, 3]
