"""Which locks follow from the files that a task may write."""

from hypothesis import assume, given
from hypothesis import strategies as st

from agency.domain.components import Component, Edge, Model, make_model, owner
from agency.domain.controlplane import ControlPlane
from agency.domain.derivedlocks import Derived, components_of, derive
from agency.domain.globs import matches
from agency.domain.reach import alternatives, reaches_into
from internal_tests.unit.graph.drawn import DIRECTORIES, PATHS, PATTERNS, models

MODEL = make_model(
    "c",
    [
        Component(id=name, name=name, roots=(f"packages/{name}",), source="package.json")
        for name in ("api", "core", "web")
    ],
    [Edge(source="api", target="core", via="package.json"), Edge(source="web", target="api", via="package.json")],
)
PLAIN, SURFACES = ControlPlane(), ControlPlane(surface_locks=True)


def locks(*globs: str, settings: ControlPlane = PLAIN, tracked: tuple[str, ...] = ()) -> Derived:
    """The locks of a task that writes ``globs``."""
    return derive(MODEL, globs, tracked, settings)


@given(PATTERNS, PATHS)
def test_alternatives_fit_together_what_the_pattern_fits(pattern: str, path: str) -> None:
    assert matches(path, alternatives(pattern)) == matches(path, (pattern,))


@given(PATTERNS, DIRECTORIES, PATHS)
def test_a_pattern_that_fits_a_path_reaches_into_its_directories(pattern: str, directory: str, rest: str) -> None:
    for one in alternatives(pattern):
        for path in (directory, f"{directory}/{rest}"):
            if matches(path, (one,)):
                assert reaches_into(one, directory)


@given(models(), PATTERNS, PATHS)
def test_the_owner_of_each_file_that_a_pattern_could_fit_is_among_its_components(
    model: Model, pattern: str, path: str
) -> None:
    assume(matches(path, (pattern,)))
    assert owner(model, path).id in components_of(model, pattern)


@given(models(), st.lists(PATTERNS, max_size=3), st.lists(PATTERNS, max_size=3), PATHS)
def test_tasks_that_could_write_the_same_file_never_run_together(
    model: Model, one: list[str], other: list[str], path: str
) -> None:
    assume((not one or matches(path, one)) and (not other or matches(path, other)))
    assert derive(model, one, (), PLAIN).locks.clashes_with(derive(model, other, (), PLAIN).locks)


def test_new_files_in_different_components_need_not_wait_for_each_other() -> None:
    api, web = locks("packages/api/new/handler.py"), locks("packages/web/fresh/**")
    assert (api.writes, api.confidence) == (("component:api",), "high")
    assert (web.writes, web.confidence) == (("component:web",), "high")
    assert not api.locks.clashes_with(web.locks)
    assert not locks("packages/{api,core}/**").locks.clashes_with(web.locks)


def test_new_files_outside_of_all_components_belong_to_the_root_component() -> None:
    assert locks("NEWS.md", "scripts/new.sh").writes == ("component:root",)


def test_a_pattern_that_fits_anywhere_locks_everything_and_the_fallback() -> None:
    for everything in (locks("**/*.py"), locks()):
        assert everything.writes == ("component:api", "component:core", "component:root", "component:web", "repo-root")
        assert everything.confidence == "low" and everything.notes
        assert everything.locks.clashes_with(locks("packages/api/x").locks)
    several = locks("packages/*/README.md")
    assert several.confidence == "medium" and "repo-root" not in several.writes


def test_who_changes_the_surface_of_a_component_waits_for_those_that_need_it() -> None:
    tracked = ("packages/core/package.json", "packages/core/deep/core.py")
    inner = locks("packages/core/deep/**", settings=SURFACES, tracked=tracked)
    outer = locks("packages/core/**", settings=SURFACES, tracked=tracked)
    user = locks("packages/api/x.py", settings=SURFACES, tracked=tracked)
    assert inner.writes == ("component:core",)
    assert outer.writes == ("component:core", "surface:core")
    assert user.reads == ("surface:core",)
    assert user.locks.clashes_with(outer.locks) and not user.locks.clashes_with(inner.locks)
    assert "surface:core" in locks("packages/core/openapi.json", settings=SURFACES).writes


def test_what_is_only_read_is_locked_for_reading() -> None:
    derived = derive(MODEL, ("packages/web/**",), (), PLAIN, read_globs=("packages/core/**", "packages/web/x"))
    assert (derived.writes, derived.reads) == (("component:web",), ("component:core",))
