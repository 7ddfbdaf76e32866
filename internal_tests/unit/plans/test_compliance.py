"""What a task changed, measured against what it had declared."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.compliance import (
    NOT_DECLARED,
    NOT_LOCKED,
    UNMAPPED,
    comply,
    report_of,
    resources_of,
    violation_record,
    widened,
)
from agency.domain.manifest import Access
from agency.domain.plansettings import Resource

RESOURCES = (Resource(name="docs", paths=("docs/**",)), Resource(name="all", paths=("**/*.md",)))
PATHS = st.lists(st.sampled_from(["docs", "src", "a.md", "[b]", "{c}", ".d"]), min_size=1, max_size=3).map("/".join)
NAMES = st.lists(st.sampled_from(["docs", "all", "rest"]), max_size=2).map(tuple)
PATTERNS = st.lists(st.sampled_from(["docs/**", "src/*", "**/*.md"]), max_size=2).map(tuple)


def test_a_file_belongs_to_every_resource_that_fits_or_else_to_the_fallback() -> None:
    assert resources_of("docs/a.md", RESOURCES, "rest") == ("docs", "all")
    assert resources_of("docs/a", RESOURCES, "rest") == ("docs",)
    assert resources_of("src/.hidden", RESOURCES, "rest") == ("rest",)


@pytest.mark.plan_case(4)
def test_each_reason_is_told() -> None:
    seen = comply(
        {"docs/a": ("docs",), "src/b": ("rest",), "c": (), "docs/d": ("docs",)},
        locks=Access(writes=("docs",)),
        files=Access(writes=("docs/a", "src/*")),
        enforcement="warn",
    )
    assert seen.status == "warn"
    assert {one.path: one.reasons for one in seen.violations} == {
        "src/b": (NOT_LOCKED,),
        "c": (UNMAPPED, NOT_DECLARED),
        "docs/d": (NOT_DECLARED,),
    }
    told = [violation_record(one) for one in seen.violations]
    assert all("docs/d" in one["guidance"][0]["detail"] for one in told if one["path"] == "docs/d")
    json.dumps(report_of("1", "x", "warn", seen, Access(), Access()))


@pytest.mark.plan_case(4)
@given(paths=st.sets(PATHS, max_size=5), locks=NAMES, files=PATTERNS, how=st.sampled_from(["off", "warn", "block"]))
def test_the_status_is_what_the_policy_says_and_what_is_added_makes_it_comply(
    paths: set[str], locks: tuple[str, ...], files: tuple[str, ...], how: str
) -> None:
    owners = {path: resources_of(path, RESOURCES, "rest") for path in paths}
    held, declared = Access(reads=locks, writes=locks), Access(writes=files)
    seen = comply(owners, locks=held, files=declared, enforcement=how)
    if how == "off":
        assert (seen.status, seen.violations) == ("skip", ())
        return
    assert seen.status == (how if seen.violations else "pass")
    more = widened(seen, locks=held, files=declared)
    assert (more is None) == (seen.status == "pass")
    if more is not None:
        assert comply(owners, locks=more[0], files=more[1], enforcement=how).status == "pass"
        assert set(held.writes) <= set(more[0].writes) and set(declared.writes) <= set(more[1].writes)


@pytest.mark.plan_case(4)
def test_a_file_that_is_only_declared_as_read_can_be_added() -> None:
    files = Access(reads=("docs/a",))
    seen = comply({"docs/a": ("docs",)}, locks=Access(writes=("docs",)), files=files, enforcement="block")
    more = widened(seen, locks=Access(writes=("docs",)), files=files)
    assert more is not None and more[1] == Access(reads=("docs/a",), writes=("docs/a",))
