"""Which run a reference means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.ids import RepoId, RunId
from agency.domain.reference import Ambiguous, Match, NotFound, nearest, resolve
from agency.domain.run import BrokenRun, Run

HERE, ELSEWHERE = RepoId("1" * 16), RepoId("2" * 16)


def run(name: str, run_id: str, repo_id: RepoId = HERE) -> Run:
    """A run that has only what a reference can mean."""
    return Run(
        run_id=RunId(run_id),
        repo_id=repo_id,
        name=name,
        runner="demo",
        runner_args=(),
        branch=f"agency/{name}-{run_id[-4:]}",
        parent_branch="main",
        base_commit="",
        repo_root="",
        git_dir="",
        worktree="",
        created_at="",
        setup_failed=False,
        abandoned=False,
        archived_at=None,
        merged_at=None,
        archived=False,
        directory="",
    )


def broken(run_id: str) -> BrokenRun:
    """A run whose record cannot be read."""
    return BrokenRun(run_id=RunId(run_id), repo_id=HERE, reason="odd", archived=False, directory="")


LOGIN = run("fix-login", "20240101000000-aaaa")
LOGOUT = run("fix-logout", "20240101000000-bbbb")
OTHER = run("other", "20240202000000-cccc")
FAR_LOGIN = run("fix-login", "20240303000000-dddd", ELSEWHERE)
FAR = run("far", "20240404000000-eeee", ELSEWHERE)
LOST = broken("20240505000000-ffff")
GROUPS: list[list[Run | BrokenRun]] = [[LOGIN, LOGOUT, OTHER, LOST], [FAR_LOGIN, FAR]]


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("fix-login", LOGIN),
        ("  fix-login\n", LOGIN),
        ("far", FAR),
        ("20240101000000-aaaa", LOGIN),
        ("20240101000000-a", LOGIN),
        ("202402", OTHER),
        ("2024020200", OTHER),
        ("20240404000000-eeee", FAR),
        ("202404", FAR),
        ("20240505000000-ffff", LOST),
        ("202405", LOST),
    ],
)
def test_a_name_an_id_or_the_beginning_of_one(ref: str, expected: Run | BrokenRun) -> None:
    assert resolve(ref, GROUPS) == Match(run=expected)


@pytest.mark.parametrize("ref", ["20240101", "20240101000000", "20240101000000-"])
def test_a_beginning_that_fits_several_is_ambiguous(ref: str) -> None:
    assert resolve(ref, GROUPS) == Ambiguous(candidates=(LOGIN, LOGOUT))


def test_a_beginning_is_looked_for_here_first() -> None:
    assert resolve("2024", [[OTHER], [FAR]]) == Match(run=OTHER)


def test_one_name_in_two_other_repos_is_ambiguous() -> None:
    assert resolve("fix-login", [[], [FAR_LOGIN, LOGIN]]) == Ambiguous(candidates=(LOGIN, FAR_LOGIN))


def test_a_name_elsewhere_wins_over_an_id_here() -> None:
    namesake = run("20240101", "20240909000000-0000", ELSEWHERE)
    assert resolve("20240101", [[LOGIN], [namesake]]) == Match(run=namesake)


@pytest.mark.parametrize(
    "ref", ["", "202", "FIX-LOGIN", "fix", "login", "aaaa", "20240101000000-z", "*", "agency_2024"]
)
def test_nothing_else_is_found(ref: str) -> None:
    assert isinstance(resolve(ref, GROUPS), NotFound)


def test_what_comes_nearest_is_suggested() -> None:
    found = resolve("fix-logim", GROUPS)
    assert isinstance(found, NotFound)
    assert found.nearest[0] == "fix-login"
    assert "far" not in found.nearest
    assert nearest("zzzz", ["fix-login"]) == ()


names = st.sampled_from(["aa", "fix", "fix-it", "fix-login", "far"])
ids = st.builds("{}-{}".format, st.sampled_from(["20240101000000", "20240102000000", "20250101000000"]),
                st.sampled_from(["0000", "00ab", "abcd"]))  # fmt: skip
groups = st.lists(st.lists(st.builds(run, names, ids) | st.builds(broken, ids), max_size=5), max_size=3)
refs = names | ids | st.builds(lambda run_id, end: run_id[:end], ids, st.integers(0, 19)) | st.text(max_size=5)


@given(refs, groups)
def test_what_is_found_fits_and_nothing_before_it_does(ref: str, places: list[list[Run | BrokenRun]]) -> None:
    found = resolve(ref, places)
    everything = [one for place in places for one in place]
    fitting = [one for one in everything if getattr(one, "name", None) == ref.strip()] or [
        one for one in everything if len(ref.strip()) >= 4 and one.run_id.startswith(ref.strip())
    ]
    if isinstance(found, Match):
        assert found.run in fitting
    elif isinstance(found, Ambiguous):
        assert len(found.candidates) > 1
        assert all(one in fitting for one in found.candidates)
    else:
        assert fitting == []


@given(refs, st.lists(st.builds(run, names, ids) | st.builds(broken, ids), max_size=6))
def test_the_order_of_runs_does_not_matter(ref: str, place: list[Run | BrokenRun]) -> None:
    one, two = resolve(ref, [place]), resolve(ref, [place[::-1]])
    assert type(one) is type(two)
    if isinstance(one, Match):
        assert one == two
