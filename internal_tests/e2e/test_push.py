"""``agency push`` with origin on GitHub: the branch is there, and exactly one pull request that tells what the run made."""

import json
import shutil
import signal

import pytest

from internal_tests.support.gate import script_config, spawned
from internal_tests.support.github import (
    BAD_GATEWAY,
    DROP,
    FOREVER,
    HANG,
    LOSE,
    NAME,
    OWNER,
    UNAUTHORIZED,
    GitHub,
)
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")
URL = f"https://github.com/{OWNER}/{NAME}/pull/1"


@pytest.fixture
def run(world: World, github: GitHub) -> SeenRun:
    """A run with one commit."""
    run = world.run("feature")
    world.commit({"new.txt": "new\n"}, "Add a file", cwd=run.worktree)
    return run


def tip(world: World, run: SeenRun) -> str:
    """The commit of the run's branch here."""
    return world.git("rev-parse", run.branch)


def there(github: GitHub, run: SeenRun) -> str:
    """The commit of the run's branch on GitHub; empty when it is not there."""
    return github.pulls.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{run.branch}")


def report(run: SeenRun, text: str) -> None:
    """Let the agent write the summary of its report."""
    path = run.worktree / ".agency" / "report.md"
    path.write_text(path.read_text().replace("## Summary\n\n-\n", f"## Summary\n\n{text}\n", 1))


def test_the_branch_is_pushed_and_one_pull_request_opened(world: World, github: GitHub, run: SeenRun) -> None:
    result = world.ok("push", "feature")
    commit = tip(world, run)
    assert result.pairs == {"branch": run.branch, "commit": commit, "pr": URL, "pr_action": "created"}
    assert there(github, run) == commit
    (pull,) = github.pulls.all()
    assert (pull.head, pull.base, pull.head_commit, pull.draft) == (run.branch, "main", commit, False)
    assert pull.title == "Add a file"
    meta = run.meta
    assert (meta["pr_number"], meta["pr_url"], meta["last_push_commit"]) == (1, URL, commit)
    assert meta["last_push_at"] and meta["last_report_hash"] and meta["last_report_sync_at"]
    assert run.event_names()[-6:] == [
        "push_started",
        "git_fetch_finished",
        "git_push_finished",
        "pr_resolution_attempt",
        "pr_created",
        "push_finished",
    ]


def test_only_the_branch_of_the_run_is_pushed_and_the_checkout_left_alone(
    world: World, github: GitHub, run: SeenRun
) -> None:
    world.git("tag", "local", run.branch)
    world.git("branch", "private")
    config = (world.repo / ".git" / "config").read_text()
    world.ok("push", "feature")
    refs = github.pulls.git("for-each-ref", "--format=%(refname)").splitlines()
    assert refs == [f"refs/heads/{run.branch}", "refs/heads/main"]
    assert world.git("status", "--porcelain", "--branch").startswith("## main")
    assert (world.repo / ".git" / "config").read_text() == config
    assert not (world.repo / ".git" / "FETCH_HEAD").exists()


def test_a_second_push_makes_no_second_pull_request_and_no_edit(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok("push", "feature")
    github.requests.clear()
    assert world.ok("push", "feature").pairs["pr_action"] == "unchanged"
    assert [request.operation for request in github.requests] == ["GET /rate_limit", "PullRequestByNumber"]
    assert run.events[-1]["data"] == {
        "commit": tip(world, run), "pr_action": "unchanged", "pr_number": 1, "pr_url": URL
    }  # fmt: skip


def test_new_work_is_pushed_and_the_text_brought_up_to_date(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok("push", "feature")
    world.commit({"more.txt": "more\n"}, "Add another", cwd=run.worktree)
    assert world.ok("push", "feature").pairs["pr_action"] == "updated"
    (pull,) = github.pulls.all()
    assert pull.head_commit == there(github, run) == tip(world, run)
    assert "- Add a file\n- Add another\n" in pull.body
    assert "pr_body_synced" in run.event_names()


def test_the_text_is_made_from_commits_changes_and_the_last_verify(world: World, github: GitHub) -> None:
    world.commit({"agency.yaml": script_config(verify="true")})
    world.git("push", "--quiet", "origin", "main")
    run = world.run("feature")
    for number in range(12):
        world.commit({f"file-{number:02}": "x\n"}, f"Step {number}", cwd=run.worktree)
    world.commit({f"many/{number:02}": "x\n" for number in range(12)}, "Step 12", cwd=run.worktree)
    world.ok("push", "feature")
    (pull,) = github.pulls.all()
    assert pull.title == "feature"
    assert pull.body.count("- Step") == 10 and "- and 3 more commits" in pull.body
    assert "24 files changed, 24 insertions(+)" in pull.body
    assert pull.body.count("- A `") == 20 and "- and 4 more files" in pull.body
    assert pull.body.endswith("## Verify\n\nnot run\n")
    world.ok("verify", "feature")
    world.ok("push", "feature")
    assert github.pulls.get(1).body.endswith("## Verify\n\nok\n")
    world.ok("verify", "feature")
    assert world.ok("push", "feature").pairs["pr_action"] == "unchanged"
    world.commit({"late": "x\n"}, "Late", cwd=run.worktree)
    world.ok("push", "feature")
    assert github.pulls.get(1).body.endswith("## Verify\n\nok (stale: the files have changed since)\n")


def test_a_report_that_says_something_is_the_text(world: World, github: GitHub, run: SeenRun) -> None:
    report(run, "A new file, `new.txt`.")
    world.ok("push", "feature")
    assert github.pulls.get(1).body == "## Summary\n\nA new file, `new.txt`.\n"
    github.requests.clear()
    world.ok("push", "feature")
    assert not github.asked(f"PATCH /repos/{OWNER}/{NAME}/pulls/1")
    report(run, "A new file, `new.txt`.\n\nIt is new.")
    path = run.worktree / ".agency" / "report.md"
    path.write_text(path.read_text().replace("A new file, `new.txt`.", "Another."))
    assert world.ok("push", "feature").pairs["pr_action"] == "updated"
    assert github.pulls.get(1).body == "## Summary\n\nAnother.\n"


def test_a_report_that_leads_elsewhere_is_not_published(world: World, github: GitHub, run: SeenRun) -> None:
    secret = world.home / "secret"
    secret.write_text("## Summary\n\nthe password\n")
    path = run.worktree / ".agency" / "report.md"
    path.unlink()
    path.symlink_to(secret)
    world.ok("push", "feature")
    assert "password" not in github.pulls.get(1).body
    assert github.pulls.get(1).body.startswith("## Commits\n\n- Add a file\n")


def test_a_text_that_a_person_changed_stays_while_there_is_nothing_new(
    world: World, github: GitHub, run: SeenRun
) -> None:
    world.ok("push", "feature")
    github.pulls.change(1, body="better words")
    world.ok("push", "feature")
    assert github.pulls.get(1).body == "better words"


def test_a_draft_is_opened_as_one(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok("push", "feature", "--draft")
    assert github.pulls.get(1).draft


def test_an_open_pull_request_does_not_become_a_draft_and_that_is_told(
    world: World, github: GitHub, run: SeenRun
) -> None:
    world.ok("push", "feature")
    result = world.ok("push", "feature", "--draft")
    assert f"gh pr ready --undo {URL}" in result.err
    assert not github.pulls.get(1).draft


def test_a_pull_request_that_somebody_opened_is_taken(world: World, github: GitHub, run: SeenRun) -> None:
    world.git("push", "--quiet", "origin", run.branch)
    github.pulls.create(title="By hand", body="by hand", base="main", head=run.branch)
    result = world.ok("push", "feature")
    assert (result.pairs["pr"], result.pairs["pr_action"]) == (URL, "updated")
    assert [pull.title for pull in github.pulls.all()] == ["By hand"]
    assert github.pulls.get(1).body.startswith("## Commits")


def test_the_pull_request_is_shown_and_told_to_scripts(world: World, github: GitHub) -> None:
    world.commit({"agency.yaml": script_config(verify='echo "$AGENCY_PR_NUMBER $AGENCY_PR_URL" > .agency/tmp/seen')})
    world.git("push", "--quiet", "origin", "main")
    run = world.run("feature")
    world.commit({"new.txt": "new\n"}, cwd=run.worktree)
    assert world.ok("ls").out.splitlines()[1].split()[-1] == "-"
    world.ok("push", "feature")
    assert world.ok("ls").out.splitlines()[1].split()[-1] == "#1"
    row = run.row()
    assert (row["pr_number"], row["pr_url"], row["last_push_at"]) == (1, URL, run.meta["last_push_at"])
    assert world.ok("show", "feature").pairs["pr"] == f"{URL} (#1)"
    world.ok("verify", "feature")
    assert (run.worktree / ".agency" / "tmp" / "seen").read_text() == f"1 {URL}\n"


def test_the_runner_is_told_of_the_pull_request(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok("push", "feature")
    world.ok("resume", "feature", "--restart", "--yes", "--detached")
    run.wait_for_screen("ready")
    runner = next(one for one in world.processes() if one.environ().get("AGENCY_PR_NUMBER") == "1")
    assert runner.environ()["AGENCY_PR_URL"] == URL


def test_json_tells_the_same(world: World, github: GitHub, run: SeenRun) -> None:
    assert world.ok("push", "feature", "--json").data == {
        "run_id": run.id,
        "name": "feature",
        "branch": run.branch,
        "commit": tip(world, run),
        "pr_number": 1,
        "pr_url": URL,
        "pr_action": "created",
        "note": None,
    }


def test_a_run_without_a_commit_is_refused(world: World, github: GitHub) -> None:
    run = world.run("empty")
    result = world.agency("push", "empty")
    assert (result.code, result.error_code) == (1, "E_EMPTY_DIFF")
    assert run.events[-1]["data"] == {"error_code": "E_EMPTY_DIFF", "step": "ahead_check"}
    assert there(github, run) == "" and github.pulls.all() == []


def test_work_that_the_parent_on_github_has_by_now_is_an_empty_diff(world: World, github: GitHub, run: SeenRun) -> None:
    world.git("push", "--quiet", str(github.remote), f"{run.branch}:main")
    assert world.agency("push", "feature").error_code == "E_EMPTY_DIFF"


def test_uncommitted_work_is_refused_and_named(world: World, github: GitHub, run: SeenRun) -> None:
    (run.worktree / "left.txt").write_text("left\n")
    (run.worktree / "README.md").write_text("changed\n")
    result = world.agency("push", "feature", "--json")
    assert result.error["code"] == "E_DIRTY_WORKTREE"
    assert result.error["details"]["dirty_status"] == ["README.md", "left.txt"]
    assert result.error["hint"] == "commit them, or agency push feature --allow-dirty"
    assert there(github, run) == "" and github.requests == []
    world.ok("push", "feature", "--allow-dirty")
    assert there(github, run) == tip(world, run)
    (event,) = [event for event in run.events if event["event"] == "dirty_allowed"]
    assert event["data"] == {"cmd": "push", "status": ["README.md", "left.txt"]}


def test_a_detached_worktree_is_refused(world: World, github: GitHub, run: SeenRun) -> None:
    world.git("checkout", "--quiet", "--detach", cwd=run.worktree)
    result = world.agency("push", "feature")
    assert result.error_code == "E_NOT_ON_BRANCH"
    assert f"git switch {run.branch}" in result.err


def test_a_worktree_that_is_gone_is_refused(world: World, github: GitHub, run: SeenRun) -> None:
    shutil.rmtree(run.worktree)
    assert world.agency("push", "feature").error_code == "E_WORKTREE_MISSING"


def test_a_parent_that_github_does_not_have_is_refused(world: World, github: GitHub) -> None:
    world.git("branch", "topic")
    run = world.run("feature", "--parent", "topic")
    world.commit({"new.txt": "new\n"}, cwd=run.worktree)
    result = world.agency("push", "feature")
    assert result.error_code == "E_PARENT_BRANCH_NOT_FOUND"
    assert "hint: git push origin topic" in result.err
    assert there(github, run) == ""


@pytest.mark.parametrize(("trouble", "code"), [("no token", "E_GH_NOT_AUTHENTICATED"), ("no gh", "E_GH_NOT_INSTALLED")])
def test_gh_that_is_not_ready_is_told_before_anything_is_fetched(
    world: World, github: GitHub, run: SeenRun, trouble: str, code: str
) -> None:
    programs = world.root / "programs"
    programs.mkdir()
    for name in ("git", "tmux"):
        (programs / name).symlink_to(str(shutil.which(name)))
    env = {"GH_TOKEN": ""} if trouble == "no token" else {"PATH": str(programs)}
    result = world.agency("push", "feature", env=env)
    assert (result.code, result.error_code) == (1, code)
    assert "hint:" in result.err and "gh auth login" in result.err
    assert run.events[-1]["data"] == {"error_code": code, "step": "gh_auth"}
    assert "git_fetch_finished" not in run.event_names()
    assert there(github, run) == ""


def test_a_token_that_github_refuses_is_told(world: World, github: GitHub, run: SeenRun) -> None:
    github.misbehave(UNAUTHORIZED, times=FOREVER)
    assert world.agency("push", "feature").error_code == "E_GH_NOT_AUTHENTICATED"
    assert there(github, run) == ""


def test_a_github_that_cannot_be_reached_is_told_before_anything_is_fetched(
    world: World, github: GitHub, run: SeenRun
) -> None:
    github.misbehave(DROP, times=FOREVER)
    result = world.agency("push", "feature")
    assert result.error_code == "E_GH_FAILED" and "hint: try again later" in result.err
    assert there(github, run) == ""


def test_a_pull_request_that_cannot_be_looked_for_is_told_before_the_push(
    world: World, github: GitHub, run: SeenRun
) -> None:
    github.misbehave(BAD_GATEWAY, on="PullRequestList", times=FOREVER)
    assert world.agency("push", "feature").error_code == "E_GH_PR_VIEW_FAILED"
    assert there(github, run) == ""


@pytest.mark.parametrize("state", ["CLOSED", "MERGED"])
def test_a_pull_request_that_is_not_open_is_refused_before_the_push(
    world: World, github: GitHub, run: SeenRun, state: str
) -> None:
    world.ok("push", "feature")
    pushed = tip(world, run)
    github.pulls.change(1, state=state)
    world.commit({"more.txt": "more\n"}, "Add another", cwd=run.worktree)
    result = world.agency("push", "feature")
    assert result.error_code == "E_PR_NOT_OPEN"
    assert ("gh pr reopen" if state == "CLOSED" else "agency merge feature") in result.err
    assert there(github, run) == pushed


def test_a_lost_answer_does_not_make_a_second_pull_request(world: World, github: GitHub, run: SeenRun) -> None:
    github.misbehave(LOSE, on="PullRequestCreate")
    assert world.ok("push", "feature").pairs["pr"] == URL
    assert len(github.pulls.all()) == 1 and len(github.asked("PullRequestCreate")) == 1


def test_trouble_of_github_is_waited_out(world: World, github: GitHub, run: SeenRun) -> None:
    github.misbehave(BAD_GATEWAY, on="GET /rate_limit", times=2)
    github.misbehave(DROP, on="PullRequestList", times=2)
    world.ok("push", "feature")
    assert len(github.pulls.all()) == 1


def test_a_pull_request_that_cannot_be_opened_is_told_and_the_next_push_opens_it(
    world: World, github: GitHub, run: SeenRun
) -> None:
    github.misbehave(BAD_GATEWAY, on="PullRequestCreate")
    result = world.agency("push", "feature")
    assert result.error_code == "E_GH_PR_CREATE_FAILED"
    assert run.events[-1]["data"] == {"error_code": "E_GH_PR_CREATE_FAILED", "step": "pr"}
    assert there(github, run) == tip(world, run)
    assert world.ok("push", "feature").pairs["pr_action"] == "created"


def test_a_text_that_cannot_be_changed_is_changed_by_the_next_push(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok("push", "feature")
    report(run, "what it does")
    github.misbehave(BAD_GATEWAY, on=f"PATCH /repos/{OWNER}/{NAME}/pulls/1")
    assert world.agency("push", "feature").error_code == "E_GH_PR_EDIT_FAILED"
    world.ok("push", "feature")
    assert github.pulls.get(1).body == "## Summary\n\nwhat it does\n"


def test_while_github_does_not_answer_others_can_work_in_the_repo(world: World, github: GitHub, run: SeenRun) -> None:
    github.misbehave(HANG, on="PullRequestList")
    with spawned(world, "push", "feature") as command:
        wait_for(lambda: github.asked("PullRequestList"), "the push to ask GitHub")
        assert run.status() == "pushing"
        world.ok("run", "other", "--detached", "--lock-timeout", "2s")
        assert world.agency("push", "feature").error_code == "E_RUN_BUSY"
        command.send(signal.SIGTERM)
        result = command.end()
    assert (result.code, result.error_code) == (130, "E_INTERRUPTED")
    assert run.events[-1]["data"] == {"error_code": "E_INTERRUPTED", "step": "pr_state"}
    github.behave()
    world.ok("push", "feature")
    assert len(github.pulls.all()) == 1


def test_a_push_that_was_killed_is_told_and_finished_by_the_next(world: World, github: GitHub, run: SeenRun) -> None:
    github.misbehave(HANG, on="PullRequestCreate")
    with spawned(world, "push", "feature") as command:
        wait_for(lambda: github.asked("PullRequestCreate"), "the push to ask GitHub")
        command.send(signal.SIGKILL)
        command.end()
    wait_for(lambda: not [one for one in world.processes() if one.name() == "agency"], "the push to be gone")
    for process in world.processes():
        if process.name() == "gh":
            process.kill()
    assert run.status() == "interrupted (push)"
    github.behave()
    assert world.ok("push", "feature").pairs["pr_action"] == "created"
    assert run.status() == "active"
    assert len(github.pulls.all()) == 1


def test_a_record_that_was_rebuilt_knows_the_pull_request(world: World, github: GitHub, run: SeenRun) -> None:
    world.ok("push", "feature")
    before = {key: run.meta[key] for key in ("pr_number", "pr_url", "last_push_commit")}
    (run.directory / "meta.json").write_text("{")
    world.ok("restore", run.id)
    assert {key: run.meta[key] for key in before} == before
    assert world.ok("push", "feature").pairs["pr_action"] == "unchanged"


def test_credentials_in_the_url_of_origin_are_shown_nowhere(world: World, github: GitHub, run: SeenRun) -> None:
    secret = f"https://me:hidden@github.com/{OWNER}/{NAME}.git"
    world.git("config", "remote.origin.url", secret)
    world.git("config", "--global", "--add", f"url.{github.remote}.insteadOf", secret)
    result = world.ok("push", "feature")
    assert result.pairs["pr"] == URL
    assert "hidden" not in result.out + result.err + json.dumps(run.events)
