"""``agency merge``: the pull request is merged once, by GitHub, after the proof and a word of consent; the run is archived."""

import shutil
import signal
from collections.abc import Callable

import pytest

from internal_tests.support.gate import Gate, script_config, spawned
from internal_tests.support.github import (
    BAD_GATEWAY,
    DROP,
    FOREVER,
    HANG,
    LOSE,
    NAME,
    OWNER,
    STALL,
    GitHub,
    refusal,
)
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")
URL = f"https://github.com/{OWNER}/{NAME}/pull/1"
MERGE = ("merge", "feature", "--yes")


@pytest.fixture
def run(world: World, github: GitHub) -> SeenRun:
    """A run with one commit and a pull request, in a repo with a verify and an archive script that note that they ran."""
    notes = world.root / "notes"
    scripts = script_config(verify=f"echo verify >> {notes}", archive=f"echo archive >> {notes}")
    world.commit({"agency.yaml": scripts}, "scripts")
    world.git("push", "--quiet", "origin", "main")
    run = world.run("feature")
    world.commit({"new.txt": "new\n"}, "Add a file", cwd=run.worktree)
    world.ok("push", "feature")
    return run


def notes(world: World) -> list[str]:
    """Which scripts ran, in their order."""
    path = world.root / "notes"
    return path.read_text().split() if path.exists() else []


def merges(github: GitHub) -> list[str]:
    """The subjects of what came into main on GitHub since the world was made."""
    return github.pulls.git("log", "--first-parent", "--format=%s", "main").splitlines()[:-2]


def branch_there(github: GitHub, run: SeenRun) -> bool:
    """Whether the run's branch is on GitHub."""
    return bool(github.pulls.git("for-each-ref", f"refs/heads/{run.branch}"))


def branch_here(world: World, run: SeenRun) -> bool:
    """Whether the run's branch is in the repo."""
    return bool(world.git("for-each-ref", f"refs/heads/{run.branch}"))


def assert_merged(world: World, github: GitHub, run: SeenRun) -> None:
    """The work is on main of GitHub once, and the run archived once."""
    assert merges(github) == ["Add a file (#1)"]
    assert [pull.state for pull in github.pulls.all()] == ["MERGED"]
    assert run.archived and run.meta["archive"]["merged_at"] and run.meta["archive"]["archived_at"]
    assert not run.meta.get("flags", {}).get("abandoned")
    assert run.status() == "merged"
    assert not run.worktree.exists() and run.session not in world.sessions()
    assert run.event_names().count("clean_finished") == 1


def assert_untouched(github: GitHub, run: SeenRun) -> None:
    """Nothing was merged, and the run is as it was."""
    assert merges(github) == [] and not github.asked("PullRequestMerge")
    assert not run.archived and run.status() == "active" and branch_there(github, run)


def test_the_work_is_verified_merged_and_the_run_archived(world: World, github: GitHub, run: SeenRun) -> None:
    result = world.ok(*MERGE)
    assert result.pairs == {"merged": run.id, "pr": URL, "branch": f"{run.branch} (deleted)"}
    assert_merged(world, github, run)
    assert notes(world) == ["verify", "archive"]
    assert not branch_there(github, run) and not branch_here(world, run)
    assert (run.directory / "logs" / "merge.log").exists()
    names = [name for name in run.event_names() if "merge" in name]
    assert names == [
        "merge_prechecks_passed",
        "merge_confirmed",
        "merge_started",
        "gh_merge_started",
        "gh_merge_finished",
        "merge_finished",
    ]
    assert world.git("status", "--porcelain", "--branch").startswith("## main")


@pytest.mark.parametrize(
    ("strategy", "subjects"),
    [
        ("--squash", ["Two (#1)"]),
        ("--merge", ["Merge pull request #1 from octo/{branch}"]),
        ("--rebase", ["More", "Add a file"]),
    ],
)
def test_the_strategy_is_the_one_asked_for(
    world: World, github: GitHub, run: SeenRun, strategy: str, subjects: list[str]
) -> None:
    world.commit({"more.txt": "more\n"}, "More", cwd=run.worktree)
    world.ok("push", "feature")
    github.pulls.change(1, title="Two")
    world.ok(*MERGE, strategy)
    assert merges(github) == [subject.format(branch=run.branch) for subject in subjects]


def test_two_strategies_are_a_usage_error(world: World, github: GitHub, run: SeenRun) -> None:
    result = world.agency(*MERGE, "--squash", "--rebase")
    assert (result.code, result.error_code) == (2, "E_USAGE")


def test_the_branches_stay_when_asked_for(world: World, github: GitHub, run: SeenRun) -> None:
    result = world.ok(*MERGE, "--no-delete-branch")
    assert result.pairs["branch"] == f"{run.branch} (kept)"
    assert branch_there(github, run) and branch_here(world, run)
    assert_merged(world, github, run)


def test_typed_again_it_says_that_it_is_done(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok(*MERGE)
    github.requests.clear()
    again = world.ok(*MERGE)
    assert "feature is merged and archived already" in again.err and again.out == ""
    assert world.ok(*MERGE, "--json").data["already"] is True
    assert github.requests == []
    assert_merged(world, github, run)


def test_without_a_terminal_a_word_of_consent_is_needed_first(world: World, github: GitHub, run: SeenRun) -> None:
    github.requests.clear()
    result = world.agency("merge", "feature")
    assert (result.code, result.error_code) == (1, "E_CONFIRMATION_REQUIRED")
    assert "hint: agency merge feature --yes" in result.err
    assert github.requests == [] and notes(world) == []
    assert_untouched(github, run)


def test_a_person_types_the_word(world: World, github: GitHub, run: SeenRun) -> None:
    with agency_in_terminal(world, "merge", "feature") as terminal:
        terminal.shows("type merge to go on")
        assert notes(world) == ["verify"], "the proof is there before the question"
        terminal.type("merge")
        assert terminal.ended() == 0
    assert_merged(world, github, run)


def test_another_word_leaves_everything_as_it_is(world: World, github: GitHub, run: SeenRun) -> None:
    with agency_in_terminal(world, "merge", "feature") as terminal:
        terminal.shows("type merge to go on")
        terminal.type("yes")
        terminal.shows("canceled")
        assert terminal.ended() == 0
    assert_untouched(github, run)


def test_work_that_fails_its_verify_is_not_merged(world: World, github: GitHub, run: SeenRun) -> None:
    world.commit({"agency.yaml": script_config(verify="echo three tests failed; exit 3")})
    result = world.agency(*MERGE)
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    assert "three tests failed" in result.err
    assert merges(github) == [] and not run.archived
    assert run.meta["last_verify_at"] and run.row()["attention"] == "verify_failed"


def test_without_a_verify_script_it_goes_on_and_says_so(world: World, github: GitHub, run: SeenRun) -> None:
    world.commit({"agency.yaml": script_config()})
    assert "no verify script is configured" in world.ok(*MERGE).err
    assert_merged(world, github, run)


def test_a_run_without_a_pull_request_is_refused(world: World, github: GitHub) -> None:
    world.run("feature")
    result = world.agency(*MERGE)
    assert result.error_code == "E_NO_PR" and "hint: agency push feature" in result.err
    assert len(github.requests) == 2, "nobody waits for what was never made"


def test_a_pull_request_that_is_known_by_its_branch_alone_is_found(world: World, github: GitHub) -> None:
    run = world.run("feature")
    world.commit({"new.txt": "new\n"}, "Add a file", cwd=run.worktree)
    world.git("push", "--quiet", "origin", run.branch)
    github.pulls.create(title="Add a file", body="", base="main", head=run.branch)
    world.ok(*MERGE)
    assert run.archived and run.meta["pr_number"] == 1


def _dirty(world: World, github: GitHub, run: SeenRun) -> None:
    (run.worktree / "left.txt").write_text("left\n")


def _detached(world: World, github: GitHub, run: SeenRun) -> None:
    world.git("checkout", "--quiet", "--detach", cwd=run.worktree)


def _closed(world: World, github: GitHub, run: SeenRun) -> None:
    github.pulls.change(1, state="CLOSED")


def _draft(world: World, github: GitHub, run: SeenRun) -> None:
    github.pulls.change(1, draft=True)


def _other_base(world: World, github: GitHub, run: SeenRun) -> None:
    github.pulls.git("branch", "release", "main")
    github.pulls.change(1, base="release")


def _not_pushed(world: World, github: GitHub, run: SeenRun) -> None:
    world.commit({"more.txt": "more\n"}, "More", cwd=run.worktree)


def _pushed_by_another(world: World, github: GitHub, run: SeenRun) -> None:
    tree = github.pulls.git("rev-parse", "main^{tree}")
    other = github.pulls.git("commit-tree", tree, "-p", run.branch, "-m", "by another")
    github.pulls.git("update-ref", f"refs/heads/{run.branch}", other)


def _conflict(world: World, github: GitHub, run: SeenRun) -> None:
    world.commit({"new.txt": "other\n"}, "meanwhile")
    world.git("push", "--quiet", "origin", "main")


def _never_known(world: World, github: GitHub, run: SeenRun) -> None:
    github.pulls.unknown_looks = FOREVER


def _no_origin(world: World, github: GitHub, run: SeenRun) -> None:
    world.git("remote", "remove", "origin")


def _other_origin(world: World, github: GitHub, run: SeenRun) -> None:
    world.git("remote", "set-url", "origin", str(github.remote))


REFUSALS: dict[Callable[[World, GitHub, SeenRun], None], tuple[str, str]] = {
    _dirty: ("E_DIRTY_WORKTREE", "commit it yourself: agency shell feature"),
    _detached: ("E_NOT_ON_BRANCH", "git switch agency/feature-"),
    _closed: ("E_PR_NOT_OPEN", f"gh pr reopen {URL}"),
    _draft: ("E_PR_DRAFT", f"gh pr ready {URL}"),
    _other_base: ("E_PR_MISMATCH", f"gh pr edit {URL} --base main"),
    _not_pushed: ("E_REMOTE_OUT_OF_DATE", "agency push feature"),
    _pushed_by_another: ("E_REMOTE_OUT_OF_DATE", "agency push feature"),
    _conflict: ("E_PR_NOT_MERGEABLE", "agency resolve feature"),
    _never_known: ("E_PR_MERGEABILITY_UNKNOWN", "agency merge feature"),
    _no_origin: ("E_NO_ORIGIN", "git remote add origin URL"),
    _other_origin: ("E_UNSUPPORTED_ORIGIN", "agency land feature"),
}


@pytest.mark.parametrize("obstacle", list(REFUSALS), ids=lambda one: one.__name__.strip("_"))
def test_what_stands_against_a_merge_is_told_with_the_way_on(
    world: World, github: GitHub, run: SeenRun, obstacle: Callable[[World, GitHub, SeenRun], None]
) -> None:
    before = merges(github)
    obstacle(world, github, run)
    code, hint = REFUSALS[obstacle]
    result = world.agency(*MERGE, "--json")
    assert (result.code, result.error["code"]) == (1, code)
    assert hint in result.error["hint"]
    assert not github.asked("PullRequestMerge") and notes(world) == []
    assert not run.archived and before == []


def test_github_that_needs_a_moment_is_waited_for(world: World, github: GitHub, run: SeenRun) -> None:
    github.pulls.unknown_looks = 2
    world.ok(*MERGE)
    assert_merged(world, github, run)


def test_work_that_came_while_a_person_was_asked_is_not_left_behind(world: World, github: GitHub, run: SeenRun) -> None:
    with agency_in_terminal(world, "merge", "feature") as terminal:
        terminal.shows("type merge to go on")
        world.commit({"late.txt": "late\n"}, "Late", cwd=run.worktree)
        terminal.type("merge")
        terminal.shows("E_REMOTE_OUT_OF_DATE")
        assert terminal.ended() == 1
    assert_untouched(github, run)


def test_files_that_the_verify_left_are_not_lost(world: World, github: GitHub, run: SeenRun) -> None:
    world.commit({"agency.yaml": script_config(verify="echo x > left-by-verify")})
    assert world.agency(*MERGE).error_code == "E_DIRTY_WORKTREE"
    assert_untouched(github, run)


def test_a_pull_request_that_was_merged_on_github_is_only_archived(world: World, github: GitHub, run: SeenRun) -> None:
    pull = github.pulls.get(1)
    github.pulls.merge(pull, "SQUASH", pull.head_commit)
    world.ok(*MERGE)
    assert_merged(world, github, run)
    assert notes(world) == ["archive"] and not github.asked("PullRequestMerge")
    assert "merge_already_merged" in run.event_names()


def test_commits_that_came_after_a_merge_on_github_are_not_put_away(world: World, github: GitHub, run: SeenRun) -> None:
    pull = github.pulls.get(1)
    github.pulls.merge(pull, "SQUASH", pull.head_commit)
    world.commit({"late.txt": "late\n"}, "Late", cwd=run.worktree)
    result = world.agency(*MERGE)
    assert result.error_code == "E_PR_NOT_OPEN" and "agency fork feature" in result.err
    assert not run.archived


@pytest.mark.parametrize("trouble", [LOSE, "after"])
def test_a_merge_whose_answer_is_lost_is_seen_and_not_done_again(
    world: World, github: GitHub, run: SeenRun, trouble: str
) -> None:
    github.misbehave(LOSE, on="PullRequestMerge")
    if trouble == "after":
        github.misbehave(DROP, on="PullRequestByNumber", times=2)
    world.ok(*MERGE)
    assert_merged(world, github, run)
    assert len(github.asked("PullRequestMerge")) == 1


def test_a_merge_that_github_refuses_leaves_the_run_as_it_was(world: World, github: GitHub, run: SeenRun) -> None:
    github.misbehave(refusal("At least 1 approving review is required"), on="PullRequestMerge")
    result = world.agency(*MERGE)
    assert result.error_code == "E_GH_PR_MERGE_FAILED" and "approving review is required" in result.err
    assert not run.archived and run.status() == "active"
    assert "approving review" in (run.directory / "logs" / "merge.log").read_text()
    assert run.events[-1]["data"] == {"error_code": "E_GH_PR_MERGE_FAILED", "step": "gh_merge"}
    world.ok(*MERGE)
    assert_merged(world, github, run)


def test_trouble_while_merging_says_that_it_did_not_happen(world: World, github: GitHub, run: SeenRun) -> None:
    github.misbehave(BAD_GATEWAY, on="PullRequestMerge")
    result = world.agency(*MERGE)
    assert result.error_code == "E_GH_PR_MERGE_FAILED" and "502" in result.err
    assert not run.archived and run.status() == "active"
    world.ok(*MERGE)
    assert_merged(world, github, run)


def test_a_conflict_that_came_during_the_verify_is_told_as_one(world: World, github: GitHub, run: SeenRun) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(verify=gate.shell)})
    with spawned(world, *MERGE) as command:
        gate.wait()
        _conflict(world, github, run)
        gate.open()
        result = command.end()
    assert result.error_code == "E_PR_NOT_MERGEABLE" and "hint: agency resolve feature" in result.err
    assert not run.archived and run.status() == "active"


def test_a_merge_that_github_puts_into_a_queue_is_not_taken_for_done(
    world: World, github: GitHub, run: SeenRun
) -> None:
    queued = (200, {"data": {"mergePullRequest": {"clientMutationId": ""}}})
    github.misbehave(queued, on="PullRequestMerge")
    result = world.agency(*MERGE)
    assert result.error_code == "E_GH_PR_MERGE_FAILED" and "may stand in a queue" in result.err
    assert not run.archived and branch_there(github, run)
    pull = github.pulls.get(1)
    github.pulls.merge(pull, "SQUASH", pull.head_commit)
    world.ok(*MERGE)
    assert_merged(world, github, run)


def test_a_merge_of_which_nobody_knows_whether_it_took_place_stays_open_for_the_same_command(
    world: World, github: GitHub, run: SeenRun
) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(verify=gate.shell)})
    with spawned(world, *MERGE) as command:
        gate.wait()
        github.requests.clear()
        github.misbehave(LOSE, on="PullRequestMerge")
        gate.open()
        wait_for(lambda: github.asked("PullRequestMerge"), "GitHub to be asked to merge")
        github.misbehave(DROP, times=FOREVER)
        result = command.end()
    assert result.error_code == "E_GH_PR_VIEW_FAILED"
    assert "whether pull request 1 was merged is not known" in result.err
    assert "hint: agency merge feature finishes it" in result.err
    assert run.status() == "interrupted (merge)" and not run.archived
    github.behave()
    world.ok(*MERGE)
    assert_merged(world, github, run)


@pytest.mark.parametrize("when", [HANG, STALL])
def test_a_signal_while_github_merges_leaves_what_the_same_command_finishes(
    world: World, github: GitHub, run: SeenRun, when: str
) -> None:
    github.misbehave(when, on="PullRequestMerge")
    with spawned(world, *MERGE) as command:
        wait_for(lambda: github.asked("PullRequestMerge"), "GitHub to be asked to merge")
        command.send(signal.SIGTERM)
        result = command.end()
    assert (result.code, result.error_code) == (130, "E_INTERRUPTED")
    assert run.status() == "interrupted (merge)"
    github.behave()
    world.ok(*MERGE)
    assert_merged(world, github, run)


def test_a_run_that_was_archived_without_a_merge_is_refused(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok("clean", "feature", "--yes", "--discard")
    result = world.agency(*MERGE)
    assert result.error_code == "E_WORKTREE_MISSING" and f"agency restore {run.id}" in result.err
    assert merges(github) == []


def test_a_branch_that_cannot_be_deleted_on_github_is_told_and_the_merge_stands(
    world: World, github: GitHub, run: SeenRun
) -> None:
    world.git("config", "receive.denyDeletes", "true", cwd=github.remote)
    result = world.ok(*MERGE)
    assert f"{run.branch} stays on origin" in result.err
    assert branch_there(github, run)
    assert_merged(world, github, run)


def test_a_branch_that_github_deleted_itself_is_no_trouble(world: World, github: GitHub, run: SeenRun) -> None:
    pull = github.pulls.get(1)
    github.pulls.merge(pull, "SQUASH", pull.head_commit)
    github.pulls.git("update-ref", "-d", f"refs/heads/{run.branch}")
    result = world.ok(*MERGE)
    assert "stays" not in result.err
    assert_merged(world, github, run)


def test_a_failing_archive_script_leaves_a_merged_run_that_the_same_command_archives(
    world: World, github: GitHub, run: SeenRun
) -> None:
    world.commit({"agency.yaml": script_config(archive="exit 1")})
    result = world.agency(*MERGE)
    assert result.error_code == "E_SCRIPT_FAILED"
    assert merges(github) == ["Add a file (#1)"] and not run.archived and run.status() == "merged"
    (run.worktree / "late.txt").write_text("late\n")
    world.commit({"agency.yaml": script_config()})
    assert world.agency(*MERGE).error_code == "E_DIRTY_WORKTREE", "work that came since is not put away"
    (run.worktree / "late.txt").unlink()
    world.ok(*MERGE)
    assert_merged(world, github, run)
    assert len(github.asked("PullRequestMerge")) == 1


def test_a_merge_killed_after_github_merged_and_before_the_archive_is_finished_by_the_next(
    world: World, github: GitHub, run: SeenRun
) -> None:
    github.misbehave(STALL, on="PullRequestMerge")
    with spawned(world, *MERGE) as command:
        wait_for(lambda: github.pulls.get(1).state == "MERGED", "GitHub to merge")
        command.send(signal.SIGKILL)
        command.end()
    for process in world.processes():
        if process.name() == "gh":
            process.kill()
    assert run.status() == "interrupted (merge)" and not run.archived
    github.behave()
    result = world.ok(*MERGE)
    assert result.pairs["merged"] == run.id
    assert_merged(world, github, run)
    assert len(github.asked("PullRequestMerge")) == 1, "no second merge"
    assert notes(world) == ["verify", "archive"], "archived once"
    world.ok(*MERGE)
    assert notes(world) == ["verify", "archive"]


def test_while_the_verify_runs_and_github_is_asked_others_can_work_in_the_repo(
    world: World, github: GitHub, run: SeenRun
) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(verify=gate.shell)})
    with spawned(world, *MERGE) as command:
        gate.wait()
        assert run.status() == "verifying"
        world.ok("run", "other", "--detached", "--lock-timeout", "2s")
        github.misbehave(HANG, on="PullRequestMerge")
        gate.open()
        wait_for(lambda: github.asked("PullRequestMerge"), "GitHub to be asked to merge")
        assert run.status() == "merging"
        world.ok("run", "third", "--detached", "--lock-timeout", "2s")
        assert world.agency(*MERGE).error_code == "E_RUN_BUSY"
        github.go_on()
        assert command.end().code == 0
    assert run.archived


def test_two_merges_of_one_run_at_a_time_merge_it_once(world: World, github: GitHub, run: SeenRun) -> None:
    with spawned(world, *MERGE) as one, spawned(world, *MERGE) as other:
        codes = sorted([one.end().code, other.end().code])
    assert codes in ([0, 0], [0, 1])
    assert_merged(world, github, run)
    assert len(github.asked("PullRequestMerge")) == 1 and notes(world).count("archive") == 1


def test_a_merged_run_can_be_brought_back_and_merged_no_second_time(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok(*MERGE)
    world.ok("restore", run.id)
    assert (run.worktree / "new.txt").read_text() == "new\n"
    assert "merged_at" not in run.meta["archive"]
    world.ok(*MERGE)
    assert merges(github) == ["Add a file (#1)"] and run.archived
    assert len(github.asked("PullRequestMerge")) == 1
