"""Which tasks fit now, why none does, and rings of tasks that wait for each other."""

from collections.abc import Sequence
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.manifest import Access, order_of
from agency.domain.schedule import Candidate, Standstill, cycles, fitting, standstill

NAMES = [*"abcd", "1", "2", "03", "10"]
RESOURCES = st.lists(st.sampled_from("xyz"), max_size=2).map(tuple)
LOCKS = st.builds(lambda reads, writes: Access(reads=reads, writes=writes), RESOURCES, RESOURCES)
CANDIDATES = st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sets(st.sampled_from(NAMES)), LOCKS)).map(
    lambda given: [
        Candidate(task_id=name, dependencies=tuple(sorted(waits)), locks=locks)
        for name, (waits, locks) in given.items()
    ]
)
DONE = st.frozensets(st.sampled_from(NAMES))
HELD = st.lists(LOCKS, max_size=2)
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3))


def reads(*names: str) -> Access:
    """What reads these resources."""
    return Access(reads=names)


def writes(*names: str) -> Access:
    """What writes these resources."""
    return Access(writes=names)


def begun(*locks: Access, slots: int = 9) -> tuple[str, ...]:
    """What begins of tasks 1, 2, ... that hold these locks and wait for nothing."""
    waiting = [Candidate(task_id=str(number), locks=one) for number, one in enumerate(locks, 1)]
    return fitting(waiting, done=(), held=(), slots=slots)


@pytest.mark.plan_case(2)
@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (reads("a"), reads("a"), True),
        (reads("a"), writes("a"), False),
        (writes("a"), reads("a"), False),
        (writes("a"), writes("a"), False),
        (writes("a"), writes("b"), True),
        (Access(), Access(), True),
        (Access(), writes("a"), True),
    ],
)
def test_two_tasks_are_worked_on_together_unless_one_writes_what_the_other_holds(
    one: Access, other: Access, together: bool
) -> None:
    assert begun(one, other) == (("1", "2") if together else ("1",))


@pytest.mark.plan_case(2)
def test_the_table_of_four_tasks_makes_two_pairs() -> None:
    locks = {"001": reads("cache"), "002": writes("cache"), "003": writes("db"), "004": reads("logs")}
    waiting = [Candidate(task_id=task, locks=one) for task, one in locks.items()]
    first = fitting(waiting, done=(), held=(), slots=2)
    second = fitting([one for one in waiting if one.task_id not in first], done=first, held=(), slots=2)
    assert (first, second) == (("001", "003"), ("002", "004"))


@pytest.mark.plan_case(2)
def test_ids_that_are_numbers_are_sorted_by_their_value_before_all_others() -> None:
    assert sorted(["b", "010", "3", "a", "2", "2b"], key=order_of) == ["2", "3", "010", "2b", "a", "b"]
    waiting = [Candidate(task_id=name) for name in ("010", "3", "2")]
    assert fitting(waiting, done=(), held=(), slots=2) == ("2", "3")


@given(waiting=CANDIDATES, done=DONE, held=HELD, slots=st.integers(-1, 6), random=st.randoms())
def test_what_begins_is_ready_clashes_with_nothing_and_never_exceeds_the_slots(
    waiting: list[Candidate], done: frozenset[str], held: list[Access], slots: int, random: Random
) -> None:
    chosen = fitting(waiting, done=done, held=held, slots=slots)
    known = {one.task_id: one for one in waiting}
    assert len(chosen) <= max(0, slots)
    assert list(chosen) == sorted(set(chosen), key=order_of)
    assert all(set(known[name].dependencies) <= done for name in chosen)
    everything = [*held, *(known[name].locks for name in chosen)]
    for one, other in combinations(everything, 2):
        if not (one in held and other in held):
            assert not one.clashes_with(other)
    shuffled = list(waiting)
    random.shuffle(shuffled)
    assert fitting(shuffled, done=done, held=held, slots=slots) == chosen


@given(waiting=CANDIDATES, done=DONE, held=HELD, slots=st.integers(0, 6))
def test_no_task_is_passed_over_but_for_those_before_it(
    waiting: list[Candidate], done: frozenset[str], held: list[Access], slots: int
) -> None:
    chosen = fitting(waiting, done=done, held=held, slots=slots)
    known = {one.task_id: one for one in waiting}
    for name, one in known.items():
        if name in chosen or not set(one.dependencies) <= done:
            continue
        before = [other for other in chosen if order_of(other) < order_of(name)]
        locks = [*held, *(known[other].locks for other in before)]
        assert len(before) == slots or any(one.locks.clashes_with(other) for other in locks), (
            f"{name} would have fitted"
        )


def still(
    waiting: dict[str, Sequence[str]], *, done: str = "", halted: str = "", known: str | None = None
) -> Standstill | None:
    """Why none of these tasks, with what they wait for, can go on."""
    return standstill(
        [Candidate(task_id=name, dependencies=tuple(waits)) for name, waits in waiting.items()],
        done=set(done),
        halted=set(halted),
        known=set(known) if known is not None else {*waiting, *done, *halted},
    )


@pytest.mark.plan_case(16)
@pytest.mark.plan_case(17)
def test_what_keeps_tasks_from_going_on_is_told_apart() -> None:
    assert still({}) is None
    assert still({"b": "a"}, done="a") is None
    assert still({"b": "a"}, halted="a") == Standstill(kind="blocked_dependencies", waiting={"b": ("a",)})
    assert still({"b": "x"}) == Standstill(kind="missing_dependencies", waiting={"b": ("x",)})
    assert still({"a": "b", "b": "a"}) == Standstill(kind="deadlock", waiting={"a": ("b",), "b": ("a",)})
    behind = still({"c": "b", "b": "a", "d": "e", "e": "d"}, halted="a")
    assert behind == Standstill(kind="blocked_dependencies", waiting={"b": ("a",), "c": ("b",)})
    both = still({"b": "ax"}, halted="a")
    assert both == Standstill(kind="missing_dependencies", waiting={"b": ("x",)})


@given(waiting=CANDIDATES, done=DONE, halted=DONE, known=DONE)
def test_there_is_a_standstill_exactly_when_no_task_that_waits_is_ready(
    waiting: list[Candidate], done: frozenset[str], halted: frozenset[str], known: frozenset[str]
) -> None:
    everybody = known | done | halted | {one.task_id for one in waiting}
    ready = any(set(one.dependencies) <= done for one in waiting)
    seen = standstill(waiting, done=done, halted=halted - done, known=everybody)
    assert (seen is None) == (ready or not waiting)
    if seen is not None:
        assert seen.waiting and all(not set(left) & done for left in seen.waiting.values())


def reachable(graph: dict[str, list[str]], begin: str) -> set[str]:
    """What is waited for, directly or not."""
    found, todo = set[str](), list(graph.get(begin, ()))
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += graph.get(name, ())
    return found


@given(graph=GRAPHS)
def test_every_task_that_waits_for_itself_is_near_a_ring_and_every_ring_is_one(graph: dict[str, list[str]]) -> None:
    rings = cycles(graph)
    assert len(rings) == len(set(rings))
    for ring in rings:
        assert ring[0] == min(ring, key=order_of) and len(ring) == len(set(ring))
        assert all(ring[(place + 1) % len(ring)] in graph[name] for place, name in enumerate(ring))
    for name in graph:
        if name in reachable(graph, name):
            assert any(set(ring) <= {name, *reachable(graph, name)} for ring in rings)
    if not any(name in reachable(graph, name) for name in graph):
        assert rings == []


def test_a_chain_of_thousands_of_tasks_is_no_ring() -> None:
    chain = {str(number): [str(number + 1)] for number in range(5000)}
    assert cycles(chain) == []
    assert cycles({**chain, "5000": ["0"]}) == [tuple(map(str, range(5001)))]
