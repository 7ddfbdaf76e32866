"""Path patterns: what fits them, and whether two may share a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.compliance import NOT_DECLARED, Compliance, Violation, widened
from agency.domain.globs import fixed_part, matches, may_share
from agency.domain.manifest import Access

PARTS = st.text(st.sampled_from("ab.*?[]{},!-\\ ~|@(+)é"), min_size=1, max_size=6).filter(
    lambda part: part not in (".", "..")
)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
PATTERNS = st.lists(
    st.sampled_from(["a", "b", "*", "**", "a*", "?", "{a,b}", "[ab]", ".a"]), min_size=1, max_size=4
).map("/".join)
PLAIN = st.lists(st.sampled_from(["a", "b", "ab", ".a", "c"]), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("src/a.py", "src/**", True),
        ("src/deep/.hidden/a.py", "src/**", True),
        ("src/.env", "src/*", True),
        (".github/ci.yml", "**", True),
        ("src/deep/a.py", "src/*", False),
        ("src/deep/a.py", "src/**/*.py", True),
        ("src/a.py", "src/**/*.py", True),
        ("srcs/a.py", "src/**", False),
        ("a.md", "*.md", True),
        ("docs/a.md", "*.md", False),
        ("a.txt", "a.{txt,md}", True),
        ("A.txt", "a.txt", False),
    ],
)
def test_a_star_stays_within_a_directory_and_two_cross_them(path: str, pattern: str, fits: bool) -> None:
    assert matches(path, [pattern]) == fits


@given(path=PATHS)
def test_a_path_that_a_task_is_given_is_fitted_by_what_it_is_given(path: str) -> None:
    violation = Violation(path=path, resources=("r",), reasons=(NOT_DECLARED,))
    told = Compliance(status="block", resources={path: ("r",)}, violations=(violation,))
    more = widened(told, locks=Access(writes=("r",)), files=Access())
    assert more is not None
    _, files = more
    assert matches(path, files.writes)
    assert not matches(f"{path}x", files.writes) and not matches(f"x{path}", files.writes)


@given(path=PLAIN, one=PATTERNS, other=PATTERNS)
def test_two_patterns_that_one_path_fits_may_share_it(path: str, one: str, other: str) -> None:
    if matches(path, [one]) and matches(path, [other]):
        assert may_share(one, other)
    assert may_share(one, other) == may_share(other, one)


@given(path=PLAIN, pattern=PATTERNS)
def test_what_fits_is_below_the_fixed_part(path: str, pattern: str) -> None:
    fixed = fixed_part(pattern)
    if matches(path, [pattern]):
        assert not fixed or path == fixed or path.startswith(f"{fixed}/")


def test_different_files_and_directories_share_nothing() -> None:
    assert not may_share("src/a.py", "src/b.py")
    assert not may_share("src/**", "docs/**")
    assert not may_share("src/**", "srcs/**")
    assert may_share("src/**", "src/deep/*.py")
    assert may_share("**/*.md", "docs/a.txt") is False
