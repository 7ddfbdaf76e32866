"""Which pairs of branches have to be merged on trial, and conflicts as each run sees them."""

from hypothesis import given
from hypothesis import strategies as st

from agency.domain.conflicts import UNKNOWN, Changes, Conflict, Radar, changes_of, may_conflict, pairs_to_try
from agency.domain.ids import RunId

PATHS = st.lists(st.sampled_from(["a", "b", "x"]), min_size=1, max_size=4).map("/".join)
ENTRIES = st.lists(st.tuples(st.sampled_from("ADMT"), PATHS), max_size=4)


def modified(*paths: str) -> Changes:
    """A branch that changed files where they are."""
    return changes_of(("M", path) for path in paths)


def test_a_file_changed_on_both_sides_is_tried() -> None:
    assert may_conflict(modified("src/a.py", "b"), modified("c", "src/a.py"))


def test_different_files_of_one_directory_are_not() -> None:
    assert not may_conflict(modified("src/a.py"), modified("src/b.py", "src/deep/a.py", "a.py"))


def test_names_that_only_begin_alike_are_not() -> None:
    assert not may_conflict(modified("src"), modified("src.py", "srcs/a"))


def test_a_file_where_the_other_side_has_a_directory_is_tried() -> None:
    assert may_conflict(changes_of([("A", "src")]), changes_of([("A", "src/deep/a.py")]))
    assert may_conflict(changes_of([("A", "src/deep/a.py")]), changes_of([("A", "src")]))


def test_a_side_that_may_have_moved_files_is_tried_with_every_other() -> None:
    moved = changes_of([("D", "old/a"), ("A", "new/a")])
    assert may_conflict(moved, modified("elsewhere"))
    assert may_conflict(modified("elsewhere"), moved)
    assert not may_conflict(changes_of([("D", "old/a"), ("D", "old/b")]), modified("elsewhere"))


def test_what_is_unknown_is_tried() -> None:
    assert may_conflict(UNKNOWN, modified())


@given(ours=ENTRIES, theirs=ENTRIES)
def test_the_order_of_the_sides_does_not_matter(ours: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> None:
    assert may_conflict(changes_of(ours), changes_of(theirs)) == may_conflict(changes_of(theirs), changes_of(ours))


@given(ours=ENTRIES, theirs=ENTRIES)
def test_no_pair_that_shares_a_path_or_a_directory_for_a_path_is_left_out(
    ours: list[tuple[str, str]], theirs: list[tuple[str, str]]
) -> None:
    def one_in_the_other(one: str, other: str) -> bool:
        return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")

    if any(one_in_the_other(one, other) for _, one in ours for _, other in theirs):
        assert may_conflict(changes_of(ours), changes_of(theirs))


def test_each_pair_is_tried_once() -> None:
    changed = [
        ("one", modified("a", "b")),
        ("two", modified("b", "c")),
        ("three", modified("c")),
        ("four", modified("d")),
    ]
    assert pairs_to_try(changed) == [("one", "two"), ("two", "three")]


def test_a_run_sees_the_conflicts_of_both_directions_its_target_first() -> None:
    one, two, three = RunId("1"), RunId("2"), RunId("3")
    radar = Radar(
        conflicts=(
            Conflict(run_id=one, name="one", kind="run", other="two", other_run_id=two, paths=("a",)),
            Conflict(run_id=two, name="two", kind="run", other="three", other_run_id=three, paths=("b",)),
            Conflict(run_id=two, name="two", kind="parent", other="main", other_run_id=None, paths=("c",)),
        )
    )
    seen = [(conflict.name, conflict.other, conflict.other_run_id, conflict.paths) for conflict in radar.of_run(two)]
    assert seen == [("two", "main", None, ("c",)), ("two", "one", one, ("a",)), ("two", "three", three, ("b",))]
    assert [conflict.other for conflict in radar.of_run(three)] == ["two"]
