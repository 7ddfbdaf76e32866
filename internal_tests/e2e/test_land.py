"""``agency land``: the work of a run reaches a local branch, whole and verified, or nothing changes."""

import json
import signal
from pathlib import Path

import pytest

from internal_tests.support.gate import Gate, script_config, spawned
from internal_tests.support.landing import QUIET, subjects, tip, with_work
from internal_tests.support.world import World


@pytest.fixture(autouse=True)
def quiet_repo(world: World) -> None:
    """The repo has a runner that does nothing, and a file of ten lines."""
    world.commit({"agency.yaml": QUIET, "ten": "".join(f"{n}\n" for n in range(10))}, "start")


def test_the_work_is_one_commit_of_the_parent_and_the_run_is_archived(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"}, "first of two")
    world.commit({"other": "other\n"}, "second of two", cwd=run.worktree)
    base = tip(world)
    told = world.ok("land", "fix", "--yes").pairs
    assert (told["landed"], told["target"], told["commit"]) == (run.id, "main", tip(world))
    assert subjects(world)[:2] == ["fix", "start"]
    assert world.git("rev-parse", "main^") == base
    assert world.git("log", "-1", "--format=%b") == "* first of two\n* second of two"
    assert run.archived
    assert run.row()["derived_status"] == "merged"
    assert run.meta["archive"].keys() == {"archived_at", "merged_at"}
    assert run.meta["landed"] == {"target": "main", "commit": tip(world), "strategy": "squash"}
    assert "abandoned" not in run.meta["flags"]
    assert world.sessions() == []


def test_the_checkout_of_the_target_is_brought_along_and_untracked_files_stay(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n", "ten": "changed\n"})
    (world.repo / "mine").write_text("untracked\n")
    world.ok("land", "fix", "--yes")
    assert (world.repo / "new").read_text() == "new\n"
    assert (world.repo / "ten").read_text() == "changed\n"
    assert world.git("status", "--porcelain") == "?? mine"
    assert world.git("reflog", "-1", "--format=%gs") == "agency land fix: squash"
    assert not run.worktree.exists()


def test_nothing_of_the_landing_is_left(world: World) -> None:
    with_work(world, "fix", {"new": "new\n"})
    world.ok("land", "fix", "--yes")
    assert len(world.git("worktree", "list").splitlines()) == 1
    assert list(world.data.glob("repos/*/worktrees/*")) == []
    assert world.git("branch", "--list", "agency/*") == ""


def test_a_single_commit_keeps_its_message_and_author(world: World) -> None:
    run = world.run("fix")
    (run.worktree / "new").write_text("new\n")
    world.git("add", "new", cwd=run.worktree)
    world.git(
        "commit", "-q", "--author=An Agent <a@b>", "-m", "mend it", "-m", "because\n# no comment", cwd=run.worktree
    )
    world.ok("land", "fix", "--yes")
    assert world.git("log", "-1", "--format=%an|%ae|%cn") == "An Agent|a@b|tester"
    assert world.git("log", "-1", "--format=%B") == "mend it\n\nbecause\n# no comment"


def test_with_merge_the_commits_stay_and_a_merge_commit_joins_them(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"}, "mend it")
    old, work = tip(world), tip(world, run.branch)
    world.ok("land", "fix", "--merge", "--yes")
    assert world.git("log", "-1", "--format=%P").split() == [old, work]
    assert subjects(world)[0] == f"Merge run fix ({run.branch})"


def test_with_rebase_each_commit_is_made_anew_on_the_target(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"}, "one")
    world.commit({"newer": "newer\n"}, "two", cwd=run.worktree)
    world.commit({"elsewhere": "x\n"}, "on main")
    world.ok("land", "fix", "--rebase", "--yes")
    assert subjects(world)[:3] == ["two", "one", "on main"]


def test_fast_forward_takes_the_commits_as_they_are_or_refuses(world: World) -> None:
    ahead = with_work(world, "ahead", {"new": "new\n"})
    with_work(world, "behind", {"newer": "newer\n"})
    work = tip(world, ahead.branch)
    world.ok("land", "ahead", "--ff-only", "--yes")
    assert tip(world) == work
    refused = world.agency("land", "behind", "--ff-only", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_NOT_FAST_FORWARD")
    assert "agency land behind --rebase" in refused.err
    assert tip(world) == work


def test_two_runs_that_edit_the_same_place_the_second_is_refused_and_nothing_changes(world: World) -> None:
    with_work(world, "first", {"ten": "first\n"})
    second = with_work(world, "second", {"ten": "second\n", "fine": "fine\n"})
    world.ok("land", "first", "--yes")
    before = (tip(world), tip(world, second.branch), world.git("status", "--porcelain"), second.event_names())
    for strategy in ("--squash", "--merge", "--rebase"):
        refused = world.agency("land", "second", strategy, "--yes", "--json")
        assert (refused.code, refused.error["code"]) == (1, "E_CONFLICT")
        assert refused.error["details"]["conflicts"] == ["ten"]
        assert refused.error["hint"] == "agency resolve second"
    after = (tip(world), tip(world, second.branch), world.git("status", "--porcelain"))
    assert after == before[:3]
    assert second.status() == "active"
    assert (second.worktree / "ten").read_text() == "second\n"
    assert [path.name for path in world.data.glob("repos/*/worktrees/*")] == [second.id]
    assert second.event_names() == [*before[3], "land_started", "land_failed"]
    assert second.events[-1]["data"]["conflicts"] == ["ten"]


def test_another_branch_can_be_the_target(world: World) -> None:
    world.git("branch", "release")
    run = with_work(world, "fix", {"new": "new\n"})
    main = tip(world)
    assert world.ok("land", "fix", "--into", "release", "--yes").pairs["target"] == "release"
    assert (subjects(world, "release")[0], tip(world)) == ("work", main)
    assert run.row()["derived_status"] == "merged"


def test_a_target_that_is_checked_out_in_another_worktree_is_brought_along_there(world: World) -> None:
    beside = world.root / "beside"
    world.git("worktree", "add", "-q", "-b", "release", str(beside))
    with_work(world, "fix", {"new": "new\n"})
    world.ok("land", "fix", "--into", "release", "--yes")
    assert (beside / "new").exists()
    assert world.git("status", "--porcelain", "--branch", cwd=beside) == "## release"


@pytest.mark.parametrize("target", ["nowhere", "HEAD", "v1", "refs/heads/main"])
def test_only_a_local_branch_can_be_the_target(world: World, target: str) -> None:
    world.git("tag", "v1")
    with_work(world, "fix", {"new": "new\n"})
    refused = world.agency("land", "fix", "--into", target, "--yes")
    assert (refused.code, refused.error_code) == (1, "E_PARENT_BRANCH_NOT_FOUND")


def test_a_dirty_checkout_of_the_target_is_refused_before_anything_is_made(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"})
    (world.repo / "ten").write_text("edited\n")
    events = run.event_names()
    refused = world.agency("land", "fix", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_TARGET_DIRTY")
    assert "ten" in refused.err and "commit or stash there, then: agency land fix" in refused.err
    assert (world.repo / "ten").read_text() == "edited\n"
    assert run.event_names() == events


def test_a_target_in_the_middle_of_a_rebase_is_refused(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"})
    world.git("switch", "-q", "-c", "side", "main^")
    world.commit({"ten": "side\n"}, "on side")
    world.git("switch", "-q", "main")
    world.git("rebase", "side", check=False)
    assert (world.repo / ".git" / "rebase-merge").exists()
    refused = world.agency("land", "fix", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_TARGET_DIRTY")
    world.git("rebase", "--abort")
    world.ok("land", "fix", "--yes")
    assert run.archived


def test_an_untracked_file_in_the_way_is_refused_before_the_verify_script_runs(world: World) -> None:
    world.commit({"agency.yaml": script_config(verify="touch $AGENCY_LOG_DIR/ran")})
    run = with_work(world, "fix", {"new": "from the run\n"})
    (world.repo / "new").write_text("mine\n")
    refused = world.agency("land", "fix", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_TARGET_DIRTY")
    assert "new" in refused.err
    assert (world.repo / "new").read_text() == "mine\n"
    assert not (run.directory / "logs" / "ran").exists()
    assert run.event_names()[-1] == "land_failed"
    (world.repo / "new").unlink()
    world.ok("land", "fix", "--yes")


def test_uncommitted_work_of_the_run_is_refused(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"})
    (run.worktree / "forgotten").write_text("x\n")
    refused = world.agency("land", "fix", "--yes", "--json")
    assert (refused.code, refused.error["code"]) == (1, "E_DIRTY_WORKTREE")
    assert refused.error["details"]["uncommitted"] == ["forgotten"]


def test_a_run_that_stands_on_another_branch_is_refused(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"})
    world.git("switch", "-q", "-c", "elsewhere", cwd=run.worktree)
    refused = world.agency("land", "fix", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_NOT_ON_BRANCH")
    assert f"git switch {run.branch}" in refused.err


def test_a_run_with_nothing_to_land_is_refused(world: World) -> None:
    world.run("idle")
    refused = world.agency("land", "idle", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_EMPTY_DIFF")
    assert "agency clean idle" in refused.err


def test_work_that_the_target_has_already_by_content_is_refused(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"})
    world.commit({"new": "new\n"}, "the same by hand")
    refused = world.agency("land", "fix", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_EMPTY_DIFF")
    assert run.event_names()[-1] == "land_failed"
    assert not run.archived


def test_without_a_terminal_it_needs_yes(world: World) -> None:
    with_work(world, "fix", {"new": "new\n"})
    before = tip(world)
    world.git("branch", "release")
    for words in (("land", "fix"), ("land", "fix", "--into", "release", "--merge")):
        refused = world.agency(*words)
        assert (refused.code, refused.error_code) == (1, "E_CONFIRMATION_REQUIRED")
        assert f"hint: agency {' '.join(words)} --yes\n" in refused.err
    assert tip(world) == before


def test_two_ways_to_combine_exclude_each_other(world: World) -> None:
    refused = world.agency("land", "fix", "--squash", "--rebase")
    assert (refused.code, refused.error_code) == (2, "E_USAGE")


def test_landing_again_says_that_it_is_done(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"})
    world.ok("land", "fix", "--yes")
    landed = tip(world)
    again = world.ok("land", run.id, "--yes", "--json")
    assert again.data["already"] is True
    assert again.data["commit"] == landed == tip(world)


def test_a_landed_run_can_be_restored_and_go_on(world: World) -> None:
    run = with_work(world, "fix", {"new": "new\n"})
    work = tip(world, run.branch)
    world.ok("land", "fix", "--yes")
    world.ok("restore", run.id)
    assert tip(world, run.branch) == work
    assert run.row()["derived_status"] == "stopped"
    assert "merged_at" not in run.meta["archive"]
    world.commit({"newer": "newer\n"}, "more", cwd=run.worktree)
    world.ok("land", "fix", "--yes")
    assert (world.repo / "newer").exists()


def test_the_verify_script_judges_the_combination_in_a_tree_of_its_own(world: World) -> None:
    verify = 'test -f from-main && test -f from-run && pwd && echo "$AGENCY_WORKSPACE_ROOT" && cat made-by-setup'
    world.commit(
        {"agency.yaml": script_config(setup="echo set up > made-by-setup", verify=verify), ".gitignore": "made*\n"}
    )
    run = with_work(world, "fix", {"from-run": "x\n"})
    world.commit({"from-main": "x\n"}, "on main")
    result = world.ok("land", "fix", "--yes")
    place = f"{run.worktree}.land"
    assert (run.directory / "logs" / "verify.log").read_text().splitlines() == [place, place, "set up"]
    record = json.loads((run.directory / "verify_record.json").read_text())
    assert (record["ok"], record["commit"], record["place"]) == (True, result.pairs["commit"], place)
    assert record["tree"] == world.git("rev-parse", "main^{tree}")


def test_a_verify_that_says_no_leaves_everything_as_it_was_and_calls_for_attention(world: World) -> None:
    world.commit({"agency.yaml": script_config(verify="seq 30; exit 7")})
    run = with_work(world, "fix", {"new": "new\n"})
    before = tip(world)
    refused = world.agency("land", "fix", "--yes", "--json")
    assert (refused.code, refused.error["code"]) == (1, "E_SCRIPT_FAILED")
    assert refused.error["hint"] == "agency logs fix verify shows all of it; then agency land fix"
    assert refused.error["details"]["last_lines"] == [str(n) for n in range(11, 31)]
    assert (tip(world), world.git("status", "--porcelain")) == (before, "")
    assert (run.row()["derived_status"], run.row()["attention"]) == ("needs attention", "verify_failed")
    assert [path.name for path in world.data.glob("repos/*/worktrees/*")] == [run.id]


def test_ignored_files_that_work_needs_are_there_for_the_verify_script(world: World) -> None:
    config = script_config(verify="cat .env", more='worktree: {copy: [".env"]}\n')
    world.commit({"agency.yaml": config, ".gitignore": ".env\n"})
    (world.repo / ".env").write_text("secret\n")
    run = with_work(world, "fix", {"new": "new\n"})
    world.ok("land", "fix", "--yes")
    assert (run.directory / "logs" / "verify.log").read_text() == "secret\n"


def test_a_target_that_moves_while_the_script_runs_makes_it_start_again(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(verify=gate.shell)})
    run = with_work(world, "fix", {"new": "new\n"})
    with spawned(world, "land", "fix", "--yes") as command:
        gate.wait()
        assert run.status() == "landing"
        mine = world.commit({"mine": "x\n"}, "by hand")
        gate.open()
        result = command.end()
    assert result.code == 0, result.err
    assert "main has moved in the meantime; starting again" in result.err
    assert world.git("rev-parse", "main^") == mine
    combined = [event["data"] for event in run.events if event["event"] == "land_combined"]
    assert [data["attempt"] for data in combined] == [1, 2]


def test_a_target_that_never_rests_ends_it_after_three_tries(world: World) -> None:
    move = 'git -C "$AGENCY_REPO_ROOT" commit -q --allow-empty -m moved'
    world.commit({"agency.yaml": script_config(verify=move)})
    run = with_work(world, "fix", {"new": "new\n"})
    refused = world.agency("land", "fix", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_TARGET_MOVED")
    assert subjects(world)[:4] == ["moved", "moved", "moved", subjects(world)[3]]
    assert not (world.repo / "new").exists()
    assert run.status() != "merged"


def test_a_run_that_goes_on_working_meanwhile_is_not_landed(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(verify=gate.shell)})
    run = with_work(world, "fix", {"new": "new\n"})
    before = tip(world)
    with spawned(world, "land", "fix", "--yes") as command:
        gate.wait()
        world.commit({"newer": "newer\n"}, "more", cwd=run.worktree)
        gate.open()
        result = command.end()
    assert (result.code, result.error_code) == (1, "E_DIRTY_WORKTREE")
    assert tip(world) == before


def test_other_commands_on_the_run_wait_their_turn_while_it_lands(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(verify=gate.shell)})
    with_work(world, "fix", {"new": "new\n"})
    with spawned(world, "land", "fix", "--yes") as command:
        gate.wait()
        for words in (("land", "fix", "--yes"), ("clean", "fix", "--yes", "--discard"), ("verify", "fix")):
            assert world.agency(*words).error_code == "E_RUN_BUSY", words
        gate.open()
        assert command.end().code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_a_signal_while_the_script_runs_cancels_it_and_the_next_has_its_turn(
    world: World, number: signal.Signals
) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(verify=gate.shell)})
    run, other = with_work(world, "fix", {"new": "new\n"}), with_work(world, "other", {"newer": "newer\n"})
    before = tip(world)
    with spawned(world, "land", "fix", "--yes") as command:
        gate.wait()
        command.send(number)
        result = command.end()
    assert (result.code, result.error_code) == (130, "E_INTERRUPTED")
    assert (tip(world), run.status(), run.row()["operation"]) == (before, "active", None)
    (finished,) = [event["data"] for event in run.events if event["event"] == "verify_finished"]
    assert (finished["ok"], finished["cancelled"]) == (False, True)
    assert run.event_names()[-1] == "land_failed"
    assert len(list(world.data.glob("repos/*/worktrees/*"))) == 2
    gate.stand_open()
    for one in (other, run):
        world.ok("land", one.name, "--yes", "--lock-timeout", "0s")
        assert one.archived


def test_an_archive_script_that_fails_leaves_a_landed_run_that_the_same_command_archives(world: World) -> None:
    world.commit({"agency.yaml": script_config(archive='test -e "$AGENCY_LOG_DIR/ready"')})
    run = with_work(world, "fix", {"new": "new\n"})
    failed = world.agency("land", "fix", "--yes")
    assert (failed.code, failed.error_code) == (1, "E_SCRIPT_FAILED")
    assert "fix is on main" in failed.err
    landed = tip(world)
    assert (run.row()["derived_status"], run.archived) == ("merged", False)
    Path(run.directory / "logs" / "ready").touch()
    world.ok("land", "fix")
    assert (run.archived, tip(world)) == (True, landed)


def test_a_bare_repository_has_no_checkout_to_bring_along(world: World) -> None:
    bare = world.root / "bare.git"
    world.git("clone", "-q", "--bare", str(world.repo), str(bare))
    world.git("config", "user.name", "x", cwd=bare)
    run = world.run("fix", "--parent", "main", "--runner", "shell", cwd=bare)
    world.commit({"new": "new\n"}, "in bare", cwd=run.worktree)
    world.ok("land", "fix", "--yes", cwd=bare)
    assert world.git("log", "-1", "--format=%s", "main", cwd=bare) == "in bare"


def test_a_rename_on_one_side_and_an_edit_on_the_other_are_combined(world: World) -> None:
    run = world.run("fix")
    world.git("mv", "ten", "moved", cwd=run.worktree)
    world.git("commit", "-qm", "move it", cwd=run.worktree)
    world.commit({"ten": "".join(f"{n}\n" for n in range(10)) + "more\n"}, "edit it")
    world.ok("land", "fix", "--yes")
    assert (world.repo / "moved").read_text().endswith("more\n")
    assert not (world.repo / "ten").exists()
