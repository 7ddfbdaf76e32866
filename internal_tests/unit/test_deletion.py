"""The one rule on what may be deleted: nothing outside the managed root, nothing that belongs to somebody else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.deletion import DEFAULT_BRANCHES, DeletionFacts, branch_refusal, refusal

ROOT = "/data/repos/0123456789abcdef"
RUN = "20240102030405-ab12"
WORKTREE = f"{ROOT}/worktrees/{RUN}"


def why_not(path: str, *, checkouts: tuple[str, ...] = ("/home/me/repo",), shared: tuple[str, ...] = ()) -> str | None:
    """The reason against deleting ``path``."""
    return refusal(DeletionFacts(path=path, managed_root=ROOT, main_checkouts=checkouts, shared_with=shared))


@pytest.mark.parametrize("path", [WORKTREE, f"{ROOT}/trash/{RUN}", f"{ROOT}/trash/{RUN}.1", f"{WORKTREE}/node_modules"])
def test_what_agency_made_may_go(path: str) -> None:
    assert why_not(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/home/me/repo",
        "/data",
        "/data/repos",
        ROOT,
        f"{ROOT}/worktrees",
        f"{ROOT}/worktrees/",
        f"{ROOT}/worktrees//",
        f"{ROOT}/worktrees/.",
        f"{ROOT}/trash",
        f"{ROOT}/trash/",
        f"{ROOT}/runs/{RUN}",
        f"{ROOT}/archive/{RUN}",
        f"{ROOT}/.lock",
        f"{ROOT}/worktrees-of-somebody/{RUN}",
        f"{ROOT}x/worktrees/{RUN}",
        f"/data/repos/fedcba9876543210/worktrees/{RUN}",
        f"worktrees/{RUN}",
    ],
)
def test_everything_else_must_stay(path: str) -> None:
    assert why_not(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        f"{ROOT}/worktrees/..",
        f"{ROOT}/worktrees/../runs",
        f"{WORKTREE}/../../..",
        f"{WORKTREE}/./x",
        f"{WORKTREE}//x",
        f"{WORKTREE}/",
    ],
)
def test_a_path_that_is_not_resolved_is_refused(path: str) -> None:
    assert why_not(path) == "its path is not resolved"


@pytest.mark.parametrize("checkout", [WORKTREE, f"{WORKTREE}/repo", f"{WORKTREE}/deep/er/.git"])
def test_a_directory_that_holds_a_repository_of_the_user_is_refused(checkout: str) -> None:
    reason = why_not(WORKTREE, checkouts=("/home/me/other", checkout))
    assert reason == f"it holds the repository {checkout}"


def test_a_repository_that_holds_the_data_directory_is_no_hindrance() -> None:
    assert why_not(WORKTREE, checkouts=("/data", f"{WORKTREE}x", "")) is None


def test_a_shared_directory_is_refused() -> None:
    assert why_not(WORKTREE, shared=("fix-login", "other")) == "it is used by fix-login, other too"


part = st.sampled_from(["worktrees", "trash", "runs", "..", ".", "", "a", "0123456789abcdef", RUN, "data", "repos"])
paths = st.lists(part, max_size=8).map(lambda parts: "/" + "/".join(parts))
inside = st.builds(lambda where, rest: f"{ROOT}/{where}/{'/'.join(rest)}", part, st.lists(part, max_size=4))


@given(path=paths | inside, root=paths | st.just(ROOT), checkouts=st.lists(paths | inside, max_size=3).map(tuple))
def test_what_may_go_is_strictly_inside_the_managed_part_and_holds_nothing_of_the_user(
    path: str, root: str, checkouts: tuple[str, ...]
) -> None:
    if refusal(DeletionFacts(path=path, managed_root=root, main_checkouts=checkouts)) is not None:
        return
    assert os.path.normpath(path) == path
    parts = path.removeprefix(root.rstrip("/")).split("/")
    assert path.startswith(root.rstrip("/") + "/")
    assert parts[1] in ("worktrees", "trash")
    assert len(parts) >= 3
    assert all(parts[2:])
    for checkout in checkouts:
        assert os.path.commonpath([path, checkout]) != path


@given(path=paths | inside, others=st.lists(st.text(min_size=1), min_size=1, max_size=3).map(tuple))
def test_nothing_shared_ever_goes(path: str, others: tuple[str, ...]) -> None:
    assert refusal(DeletionFacts(path=path, managed_root=ROOT, shared_with=others)) is not None


def branch(name: str, *, at: tuple[str, ...] = ()) -> str | None:
    """The reason against deleting a branch for the run."""
    return branch_refusal(name, name="fix-login", run_id=RUN, checked_out_at=at)


def test_the_branch_of_the_run_may_go() -> None:
    assert branch("agency/fix-login-ab12") is None
    assert branch("agency/its-older-name-ab12") is None


@pytest.mark.parametrize("name", ["main", "master", "develop", "trunk", "agency/main", "feature/master"])
def test_a_default_branch_must_stay(name: str) -> None:
    assert branch(name) == "it is a default branch"


@pytest.mark.parametrize(
    "name",
    ["feature", "fix-login-ab12", "agency/fix-login-ab13", "agency/fix-login", "agency/ab12", "x/agency/a-ab12", ""],
)
def test_a_branch_of_somebody_else_must_stay(name: str) -> None:
    assert branch(name) == "it is not the branch of the run"


def test_a_branch_somebody_stands_on_must_stay() -> None:
    assert branch("agency/fix-login-ab12", at=("/home/me/repo", "/else")) == "it is checked out at /home/me/repo"


@given(name=st.text(alphabet="agency/main-b12", max_size=20) | st.sampled_from(sorted(DEFAULT_BRANCHES)))
def test_only_branches_in_our_part_with_the_id_of_the_run_ever_go(name: str) -> None:
    if branch(name) is None:
        assert name.startswith("agency/")
        assert name.endswith("-ab12")
        assert name.rpartition("/")[2] not in DEFAULT_BRANCHES
