"""``agency doctor`` on what was left behind: worktrees, sessions, branches and half-done operations."""

import shutil
import subprocess

from internal_tests.support.checks import Checks
from internal_tests.support.footprint import footprint
from internal_tests.support.world import World, demo_config

LOST = "20200101000000-abcd"


def test_a_stale_worktree_entry_is_told_and_mended(world: World) -> None:
    run = world.run("any")
    lost = run.worktree.parent / LOST
    world.git("worktree", "add", "--quiet", "--detach", str(lost))
    shutil.rmtree(lost)
    told = Checks(world).one("worktree", LOST)
    assert (told["state"], told["mend"]) == ("warning", "agency doctor --fix")
    assert Checks(world, "--fix").state("worktree", LOST) == "mended"
    assert LOST not in world.git("worktree", "list")
    assert Checks(world).state("worktrees") == "ok"
    assert run.status() == "active"


def test_the_users_own_stale_worktree_is_none_of_our_business(world: World) -> None:
    world.run("any")
    mine = world.root / "mine"
    world.git("worktree", "add", "--quiet", "--detach", str(mine))
    shutil.rmtree(mine)
    assert Checks(world, "--fix").state("worktrees") == "ok"
    assert str(mine) in world.git("worktree", "list")


def test_a_directory_among_the_worktrees_that_no_run_owns_is_told_and_kept(world: World) -> None:
    lost = world.run("any").worktree.parent / LOST
    lost.mkdir()
    (lost / "file").write_text("whose?")
    assert Checks(world, "--fix").state("worktree", LOST) == "warning"
    assert (lost / "file").exists()


def test_a_session_without_a_run_is_told_with_the_command_that_ends_it(world: World) -> None:
    world.run("any")
    world.tmux_ask("new-session", "-d", "-s", f"agency_{LOST}", "sleep 600")
    told = Checks(world, "--fix").one("session", LOST)
    assert told["state"] == "warning"
    assert f"agency_{LOST}" in world.sessions()
    subprocess.run(["sh", "-c", told["mend"]], env=world.env, check=True)
    assert f"agency_{LOST}" not in world.sessions()
    assert Checks(world).state("sessions") == "ok"


def test_the_users_own_sessions_are_none_of_our_business(world: World) -> None:
    world.run("any")
    for name in ("mine", "agency", "agency_notes", "agency_20200101"):
        world.tmux_ask("new-session", "-d", "-s", name, "sleep 600")
    assert Checks(world).state("sessions") == "ok"


def test_a_branch_without_a_run_is_told_and_kept(world: World) -> None:
    world.git("branch", "agency/lost-abcd")
    world.git("branch", "agency/my-own-plans")
    found = [check for check in Checks(world, "--fix").all if check["name"].startswith("branch")]
    assert [(check["state"], check["text"]) for check in found] == [("warning", "agency/lost-abcd belongs to no run")]
    assert "agency/lost-abcd" in world.git("branch", "--list")


def test_the_branch_of_an_archived_run_belongs_to_it(world: World) -> None:
    world.commit({"a.txt": "a\n"}, cwd=world.run("old").worktree)
    world.ok("clean", "old", "--yes", "--discard")
    assert Checks(world).state("branches") == "ok"


def test_an_interrupted_run_is_told_with_what_finishes_it(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="scripts: {setup: {command: [sh, -c, 'kill -9 $PPID']}}\n")})
    world.agency("run", "half", "--detached")
    run = world.find(world.runs()[0]["run_id"])
    told = Checks(world).one("run", "half")
    assert (told["state"], told["text"]) == ("warning", "half: create was interrupted after setup_started")
    assert told["mend"] == f"agency clean {run.id}, or agency restore {run.id}"


def test_a_worktree_that_is_gone_is_told_with_restore(world: World) -> None:
    run = world.run("gone")
    world.ok("kill", "gone")
    shutil.rmtree(run.worktree)
    assert Checks(world).one("run", "gone")["mend"] == f"agency restore {run.id}"


def test_a_broken_record_is_told(world: World) -> None:
    run = world.run("broken")
    (run.directory / "meta.json").write_text("{")
    told = Checks(world).one("run", run.id)
    assert (told["state"], told["text"]) == ("warning", f"{run.id}: meta.json is not JSON")


def test_after_the_repo_was_moved_its_worktrees_are_connected_again(world: World) -> None:
    run = world.run("moved")
    moved = world.repo.rename(world.root / "elsewhere")
    told = Checks(world, cwd=moved).one("worktree", "moved")
    assert (told["state"], told["mend"]) == ("warning", "agency doctor --fix")
    assert Checks(world, "--fix", cwd=moved).state("worktree", "moved") == "mended"
    assert world.git("branch", "--show-current", cwd=run.worktree) == run.branch
    assert Checks(world, cwd=moved).state("worktrees") == "ok"


def test_without_fix_nothing_is_written(world: World) -> None:
    run = world.run("still")
    run.wait_for_screen("demo agent ready")
    world.git("worktree", "add", "--quiet", "--detach", str(run.worktree.parent / LOST))
    shutil.rmtree(run.worktree.parent / LOST)
    before = footprint(*(path for path in world.data.iterdir()), world.repo)
    Checks(world)
    assert footprint(*(path for path in world.data.iterdir()), world.repo) == before
