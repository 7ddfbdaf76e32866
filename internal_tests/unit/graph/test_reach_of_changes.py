"""How far a change reaches, how much is at stake, and which doctor judges it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.blast import Blast, blast, expected
from agency.domain.checkset import CheckSet, select
from agency.domain.components import Component, Edge, Model, make_model, rdeps
from agency.domain.controlplane import SURFACE_CATEGORIES, SURFACE_PATTERNS, Checks
from agency.domain.surface import surface_of
from agency.domain.tiers import enforcement_at, tier
from internal_tests.unit.graph.drawn import PATHS, models

COMMANDS = {"api": "make api", "core": "make core"}


def model(*edges: tuple[str, str, str], source: str = "package.json") -> Model:
    """The components api, core and web with edges (who, whom, confidence)."""
    components = [Component(id=name, name=name, roots=(name,), source=source) for name in ("api", "core", "web")]
    return make_model("c", components, [Edge(source=a, target=b, via="x", confidence=c) for a, b, c in edges])


KNOWN = model(("api", "core", "high"))


@given(models(), st.lists(PATHS, max_size=4))
def test_a_change_reaches_its_owners_and_all_who_need_them(model: Model, paths: list[str]) -> None:
    reach = blast(model, paths)
    assert set(reach.touched) <= set(reach.impacted)
    for one in reach.touched:
        assert rdeps(model, one, transitive=True) <= set(reach.impacted)
    assert (reach.confidence == "low") == bool(reach.widened)
    if reach.widened:
        assert set(reach.impacted) == set(model.components)


@given(models(), st.lists(PATHS, max_size=3), PATHS)
def test_a_larger_change_never_reaches_less(model: Model, paths: list[str], more: str) -> None:
    assert set(blast(model, paths).impacted) <= set(blast(model, [*paths, more]).impacted)


@given(models(), st.lists(PATHS, max_size=4))
def test_what_was_expected_of_its_components_is_never_less_than_what_a_change_reaches(
    model: Model, paths: list[str]
) -> None:
    reach = blast(model, paths)
    assert set(reach.impacted) <= set(expected(model, reach.touched).impacted)


def test_each_reason_to_take_a_change_to_reach_everything() -> None:
    assert blast(KNOWN, ["core/x.py"]).impacted == ("api", "core")
    assert blast(KNOWN, ["core/x.py"]).confidence == "high"
    assert blast(model(("api", "core", "medium")), ["core/x.py"]).confidence == "medium"
    loose = blast(KNOWN, ["Makefile", "core/x.py"])
    assert (loose.widened, loose.unmapped) == (("unmapped_paths",), ("Makefile",))
    assert loose.impacted == ("api", "core", "root", "web")
    assert blast(model(), ["core/x.py"]).widened == ("missing_dependency_graph",)
    assert blast(model(("api", "core", "high"), source="folder"), ["web/x"]).widened == ("missing_dependency_graph",)
    assert blast(model(("api", "core", "low")), ["core/x.py"]).widened == ("low_confidence_edges",)
    assert blast(model(("api", "core", "low")), ["web/x.py"]).widened == ()


def test_a_document_at_the_top_reaches_nothing_else() -> None:
    reach = blast(KNOWN, ["README.md"])
    assert (reach.touched, reach.impacted, reach.widened) == (("root",), ("root",), ())


@pytest.mark.parametrize(
    ("surface", "impacted", "fallback", "level"),
    [
        ((), 0, False, 0),
        ((), 1, False, 0),
        ((), 2, False, 1),
        ((), 3, False, 1),
        ((), 4, False, 2),
        ((), 1, True, 2),
        ((), 4, True, 3),
        (("config",), 1, False, 2),
        (("public-entrypoint",), 1, False, 2),
        (("contract", "config"), 1, False, 3),
        (("migration",), 1, False, 3),
    ],
)
def test_the_table_of_tiers(surface: tuple[str, ...], impacted: int, fallback: bool, level: int) -> None:
    assert tier(surface=surface, impacted=impacted, fallback=fallback) == level


@given(st.sets(st.sampled_from(SURFACE_CATEGORIES)), st.integers(0, 9), st.booleans())
def test_more_at_stake_never_lowers_the_tier(surface: set[str], impacted: int, fallback: bool) -> None:
    level = tier(surface=surface, impacted=impacted, fallback=fallback)
    assert 0 <= level <= 3
    assert level <= tier(surface=surface, impacted=impacted + 1, fallback=fallback)
    assert level <= tier(surface=surface, impacted=impacted, fallback=True)
    assert all(
        level <= tier(surface=surface | {one}, impacted=impacted, fallback=fallback) for one in SURFACE_CATEGORIES
    )


def test_a_warning_blocks_at_high_risk() -> None:
    assert [enforcement_at(level, "warn") for level in range(4)] == ["warn", "warn", "block", "block"]
    assert [enforcement_at(3, one) for one in ("off", "block")] == ["off", "block"]


def test_files_belong_to_the_categories_of_surface() -> None:
    paths = ["api/openapi.yaml", "go.mod", "db/migrations/1.sql", "core/src/lib.rs", "core/src/inner.rs"]
    assert [sorted(surface_of([path], SURFACE_PATTERNS)) for path in paths] == [
        ["contract"], ["config"], ["migration"], ["public-entrypoint"], [],
    ]  # fmt: skip
    assert surface_of(paths, SURFACE_PATTERNS) == set(SURFACE_CATEGORIES)


def choice(reach: Blast, *, surface: tuple[str, ...] = (), level: int = 1, **checks: object) -> CheckSet:
    """The doctor that is chosen for the reach, by the commands of api and core."""
    settings = Checks(**{"mode": "enforce", "commands_by_component": COMMANDS, **checks})  # type: ignore[arg-type]
    return select(reach, surface=surface, tier=level, checks=settings, doctor="make all")


def test_a_doctor_is_scoped_to_the_components_that_a_change_reaches() -> None:
    scoped = choice(blast(KNOWN, ["core/x.py"]))
    assert scoped.command == "( make api\n) && ( make core\n)"
    assert (scoped.reason, scoped.enforced, scoped.required) == (None, True, ("api", "core"))
    assert choice(blast(KNOWN, ["api/x.py"])).command == "make api"
    assert not choice(blast(KNOWN, ["api/x.py"]), mode="report").enforced


def test_each_reason_against_a_scoped_doctor() -> None:
    api, core = blast(KNOWN, ["api/x.py"]), blast(KNOWN, ["core/x.py"])
    refused = {
        "surface_change": choice(api, surface=("config",)),
        "no_components": choice(blast(KNOWN, [])),
        "too_many_components": choice(core, max_components_for_scoped=1),
        "missing_command_mapping": choice(blast(KNOWN, ["web/x.py"])),
        "tier_high_risk": choice(api, level=2),
        "low_confidence": choice(blast(KNOWN, ["Makefile"])),
    }
    for reason, verdict in refused.items():
        assert (verdict.reason, verdict.command, verdict.enforced) == (reason, "make all", False)
        assert verdict.rationale
    assert choice(api, level=2, fallback_command="make most").command == "make most"
