"""The real gh, driven by agency's one door to it, against a small GitHub."""

import os
import shutil
from collections.abc import Callable

import pytest

from agency.domain.errors import AgencyError
from agency.domain.pullrequest import PullRequest
from agency.tools.gh import Gh, gh_environment
from internal_tests.support.github import (
    BAD_GATEWAY,
    DROP,
    FOREVER,
    HANG,
    LOSE,
    NAME,
    OWNER,
    RATE_LIMIT,
    UNAUTHORIZED,
    GitHub,
)
from internal_tests.support.world import World

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")


@pytest.fixture
def gh(world: World, github: GitHub) -> Gh:
    """The door, and a branch ``work`` with one commit on GitHub."""
    world.git("checkout", "--quiet", "-b", "work")
    world.commit({"a": "1\n"}, "one")
    world.git("push", "--quiet", "origin", "work")
    return Gh(environ=world.env, repo=f"{OWNER}/{NAME}", timeout=20.0)


def opened(
    world: World, gh: Gh, *, body: str = "what it is about\n", draft: bool = False, head: str = "work"
) -> PullRequest:
    """A pull request from a branch into main."""
    (world.root / "body").write_text(body)
    number = gh.create(title="One", base="main", head=head, body_file=str(world.root / "body"), draft=draft)
    pull = gh.view(number)
    assert pull is not None
    return pull


def test_a_pull_request_is_opened_and_seen_as_github_has_it(world: World, github: GitHub, gh: Gh) -> None:
    pull = opened(world, gh, body="- a\n- b 'c' \"d\" `e` ü\n")
    assert pull == PullRequest(
        number=1,
        url=f"https://github.com/{OWNER}/{NAME}/pull/1",
        state="OPEN",
        is_draft=False,
        head_branch="work",
        head_commit=world.git("rev-parse", "work"),
        base_branch="main",
        mergeable="MERGEABLE",
        body="- a\n- b 'c' \"d\" `e` ü\n",
        merged_at=None,
        merge_commit=None,
        of_a_fork=False,
    )
    assert github.pulls.get(1).title == "One"


def test_a_draft_is_opened_as_one(world: World, gh: Gh) -> None:
    assert opened(world, gh, draft=True).is_draft


def test_opening_a_second_one_for_the_branch_gives_the_first(world: World, github: GitHub, gh: Gh) -> None:
    assert opened(world, gh).number == opened(world, gh).number == 1
    assert len(github.pulls.all()) == 1


def test_an_opening_whose_answer_is_lost_fails_and_the_pull_request_is_found(
    world: World, github: GitHub, gh: Gh
) -> None:
    github.misbehave(LOSE, on="PullRequestCreate")
    with pytest.raises(AgencyError) as caught:
        opened(world, gh)
    assert caught.value.code == "E_GH_PR_CREATE_FAILED"
    assert len(github.asked("PullRequestCreate")) == 1, "it is not done a second time"
    found = gh.find("work")
    assert found is not None and found.number == 1


def test_opening_one_without_commits_says_what_github_says(world: World, gh: Gh) -> None:
    world.git("push", "--quiet", "origin", "main:empty")
    with pytest.raises(AgencyError) as caught:
        opened(world, gh, head="empty")
    assert caught.value.code == "E_GH_PR_CREATE_FAILED"
    assert "No commits between main and empty" in caught.value.message


def test_nothing_is_found_for_a_branch_without_a_pull_request(gh: Gh) -> None:
    assert gh.find("work") is None
    assert gh.view(7) is None


def test_the_open_one_is_found_before_a_newer_closed_one_and_none_of_a_fork(
    world: World, github: GitHub, gh: Gh
) -> None:
    commit = world.git("rev-parse", "work")
    github.pulls.add(base="main", head="work", head_commit=commit)
    github.pulls.add(base="main", head="work", head_commit=commit, state="CLOSED")
    github.pulls.add(base="main", head="work", head_commit=commit, of_a_fork=True)
    found = gh.find("work")
    assert found is not None and found.number == 1
    github.pulls.change(1, state="CLOSED")
    found = gh.find("work")
    assert found is not None and found.number == 2


def test_the_text_is_replaced(world: World, github: GitHub, gh: Gh) -> None:
    opened(world, gh)
    (world.root / "body").write_text("@other\n\nwords = true\n")
    gh.edit_body(1, str(world.root / "body"))
    assert github.pulls.get(1).body == "@other\n\nwords = true\n"


def test_the_text_of_a_pull_request_that_is_not_there_cannot_be_replaced(world: World, gh: Gh) -> None:
    (world.root / "body").write_text("other\n")
    with pytest.raises(AgencyError) as caught:
        gh.edit_body(3, str(world.root / "body"))
    assert caught.value.code == "E_GH_PR_EDIT_FAILED"
    assert "Not Found" in caught.value.message


@pytest.mark.parametrize("strategy", ["squash", "merge", "rebase"])
def test_a_merge_puts_the_work_into_the_base_branch(world: World, github: GitHub, gh: Gh, strategy: str) -> None:
    world.commit({"b": "2\n"}, "two")
    world.git("push", "--quiet", "origin", "work")
    world.git("checkout", "--quiet", "main")
    world.commit({"c": "3\n"}, "meanwhile")
    world.git("push", "--quiet", "origin", "main")
    opened(world, gh)
    gh.merge(1, strategy, world.git("rev-parse", "work"))  # type: ignore[arg-type]
    pull = gh.view(1)
    assert pull is not None and pull.state == "MERGED" and pull.merged_at
    assert pull.merge_commit == github.pulls.git("rev-parse", "main")
    assert github.pulls.git("ls-tree", "--name-only", "main").split() == ["README.md", "a", "agency.yaml", "b", "c"]
    subjects = github.pulls.git("log", "--first-parent", "--format=%s", "main").splitlines()
    assert (
        subjects
        == {
            "squash": ["One (#1)", "meanwhile", "first"],
            "merge": [f"Merge pull request #1 from {OWNER}/work", "meanwhile", "first"],
            "rebase": ["two", "one", "meanwhile", "first"],
        }[strategy]
    )


def test_a_merge_of_another_commit_than_the_branch_is_at_is_refused(world: World, github: GitHub, gh: Gh) -> None:
    opened(world, gh)
    with pytest.raises(AgencyError) as caught:
        gh.merge(1, "squash", world.git("rev-parse", "main"))
    assert caught.value.code == "E_GH_PR_MERGE_FAILED"
    assert "Head branch was modified" in caught.value.message
    assert github.pulls.get(1).state == "OPEN"


def test_a_conflict_is_told_and_not_merged(world: World, gh: Gh) -> None:
    world.git("checkout", "--quiet", "main")
    world.commit({"a": "other\n"}, "meanwhile")
    world.git("push", "--quiet", "origin", "main")
    assert opened(world, gh).mergeable == "CONFLICTING"
    with pytest.raises(AgencyError) as caught:
        gh.merge(1, "squash", world.git("rev-parse", "work"))
    assert caught.value.code == "E_GH_PR_MERGE_FAILED"


def test_github_needs_a_while_to_tell_whether_it_can_be_merged(world: World, github: GitHub, gh: Gh) -> None:
    opened(world, gh)
    github.pulls.unknown_looks = 2
    seen = [pull.mergeable for _ in range(3) if (pull := gh.view(1)) is not None]
    assert seen == ["UNKNOWN", "UNKNOWN", "MERGEABLE"]


def test_a_merge_whose_answer_is_lost_is_seen_by_looking_again(world: World, github: GitHub, gh: Gh) -> None:
    opened(world, gh)
    github.misbehave(LOSE, on="PullRequestMerge")
    with pytest.raises(AgencyError) as caught:
        gh.merge(1, "squash", world.git("rev-parse", "work"))
    assert caught.value.code == "E_GH_PR_MERGE_FAILED"
    assert len(github.asked("PullRequestMerge")) == 1
    pull = gh.view(1)
    assert pull is not None and pull.state == "MERGED"


@pytest.mark.parametrize("trouble", [BAD_GATEWAY, DROP])
def test_looking_is_tried_again_when_github_is_in_trouble(
    world: World, github: GitHub, gh: Gh, trouble: str | tuple[int, dict[str, object]]
) -> None:
    opened(world, gh)
    github.requests.clear()
    github.misbehave(trouble, times=2)
    assert gh.view(1) is not None
    assert len(github.requests) == 3


def test_looking_is_given_up_when_the_trouble_stays(world: World, github: GitHub, gh: Gh) -> None:
    github.misbehave(BAD_GATEWAY, times=FOREVER)
    with pytest.raises(AgencyError) as caught:
        gh.find("work")
    assert (caught.value.code, caught.value.hint) == ("E_GH_PR_VIEW_FAILED", "try again later")
    assert "502" in caught.value.message
    assert len(github.requests) == 4


def test_a_call_that_hangs_is_ended_in_time(world: World, github: GitHub, gh: Gh) -> None:
    opened(world, gh)
    github.misbehave(HANG, on="PATCH /repos/octo/repo/pulls/1", times=FOREVER)
    with pytest.raises(AgencyError) as caught:
        Gh(environ=world.env, repo=gh.repo, timeout=1.0).edit_body(1, str(world.root / "body"))
    assert caught.value.code == "E_GH_PR_EDIT_FAILED"
    assert "did not answer within 1 s" in caught.value.message


def test_a_refusal_is_not_tried_again(world: World, github: GitHub, gh: Gh) -> None:
    github.misbehave(RATE_LIMIT, times=FOREVER)
    with pytest.raises(AgencyError) as caught:
        gh.find("work")
    assert caught.value.code == "E_GH_PR_VIEW_FAILED"
    assert "rate limit exceeded" in caught.value.message
    assert len(github.requests) == 1


@pytest.mark.parametrize("call", ["require_ready", "find", "create", "merge"])
def test_a_token_that_github_refuses_is_told_by_every_call(world: World, github: GitHub, gh: Gh, call: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "require_ready": gh.require_ready,
        "find": lambda: gh.find("work"),
        "create": lambda: opened(world, gh),
        "merge": lambda: gh.merge(1, "squash", "0" * 40),
    }
    github.misbehave(UNAUTHORIZED, times=FOREVER)
    with pytest.raises(AgencyError) as caught:
        calls[call]()
    assert (caught.value.code, caught.value.hint) == ("E_GH_NOT_AUTHENTICATED", "gh auth login")
    assert len(github.requests) == 1


def test_no_token_is_told_without_asking_github(world: World, github: GitHub) -> None:
    without = {name: value for name, value in world.env.items() if name != "GH_TOKEN"}
    with pytest.raises(AgencyError) as caught:
        Gh(environ=without, repo=f"{OWNER}/{NAME}").require_ready()
    assert (caught.value.code, caught.value.hint) == ("E_GH_NOT_AUTHENTICATED", "gh auth login")
    assert github.requests == []


def test_a_good_token_takes_one_request(github: GitHub, gh: Gh) -> None:
    gh.require_ready()
    assert [request.operation for request in github.requests] == ["GET /rate_limit"]


def test_a_github_that_cannot_be_reached_is_no_missing_token(github: GitHub, gh: Gh) -> None:
    github.misbehave(DROP, times=FOREVER)
    with pytest.raises(AgencyError) as caught:
        gh.require_ready()
    assert caught.value.code == "E_GH_FAILED"


def test_gh_that_is_not_there_is_told(world: World, tmp_path: os.PathLike[str]) -> None:
    with pytest.raises(AgencyError) as caught:
        Gh(environ={**world.env, "PATH": str(tmp_path)}, repo="a/b").require_ready()
    assert caught.value.code == "E_GH_NOT_INSTALLED"


def test_what_would_lead_gh_elsewhere_is_left_out(world: World, github: GitHub, gh: Gh) -> None:
    misled = {
        **world.env, "GH_REPO": "other/place", "GH_HOST": "git.example.org", "GH_FORCE_TTY": "80", "GH_DEBUG": "api",
        "CLICOLOR_FORCE": "1",
    }  # fmt: skip
    opened(world, gh)
    pull = Gh(environ=misled, repo=gh.repo).view(1)
    assert pull is not None and pull.number == 1
    clean = gh_environment(misled)
    assert not {"GH_REPO", "GH_HOST", "GH_FORCE_TTY", "GH_DEBUG", "CLICOLOR_FORCE"} & set(clean)
