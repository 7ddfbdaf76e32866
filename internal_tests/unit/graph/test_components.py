"""Who owns a path, and who needs whom."""

from hypothesis import given

from agency.domain.components import Component, Edge, Model, deps, make_model, owner, rdeps
from internal_tests.unit.graph.drawn import PATHS, models


def component(name: str, *roots: str, source: str = "config") -> Component:
    """A component with the roots."""
    return Component(id=name, name=name, roots=roots, source=source)


@given(models(), PATHS)
def test_every_path_belongs_to_the_component_with_the_deepest_root_around_it(model: Model, path: str) -> None:
    around = [root for root in model.by_root if not root or path == root or path.startswith(f"{root}/")]
    assert owner(model, path).id == model.by_root[max(around, key=len)]


def test_what_no_component_owns_belongs_to_the_root_component() -> None:
    model = make_model("c", [component("api", "services/api"), component("root", "weird")])
    assert owner(model, "README.md").id == "root-2"
    assert owner(model, "services/other/x").id == "root-2"
    assert owner(model, "services/api/new/file.py").id == "api"
    assert make_model("c", []).components["root"].source == "rest"


@given(models())
def test_needing_and_being_needed_are_each_others_reverse(model: Model) -> None:
    for one in model.components:
        assert deps(model, one) <= deps(model, one, transitive=True)
        for transitive in (False, True):
            assert one not in deps(model, one, transitive=transitive)
            for other in deps(model, one, transitive=transitive):
                assert one in rdeps(model, other, transitive=transitive)


@given(models())
def test_what_a_dependency_needs_is_needed_too(model: Model) -> None:
    for one in model.components:
        for other in deps(model, one, transitive=True):
            assert deps(model, other, transitive=True) <= deps(model, one, transitive=True) | {one}


def test_edges_to_nowhere_and_to_oneself_are_left_out() -> None:
    edges = [Edge(source="a", target=to, via="x") for to in ("a", "b", "gone", "b")]
    assert make_model("c", [component("a", "a"), component("b", "b")], edges).edges == (edges[1],)
