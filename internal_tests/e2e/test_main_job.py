"""The main job, from run to clean and back."""

from internal_tests.support.world import World


def test_a_run_lives_through_kill_resume_restart_clean_and_restore(world: World) -> None:
    world.warm = None  # each command is started as a user starts it
    run = world.run("fix-login")
    run.wait_for_screen("demo agent ready")
    assert run.status() == "active"

    world.ok("kill", "fix-login")
    assert world.sessions() == []
    assert run.status() == "stopped"

    assert world.ok("resume", "fix-login", "--detached").out == f"ok: session {run.session} ready\n"
    first = run.pane()
    world.ok("resume", "fix-login", "--restart", "--yes", "--detached")
    assert run.pane()["pane_id"] == first["pane_id"]
    assert run.pane()["pid"] != first["pid"]

    (run.worktree / "note.txt").write_text("work\n")
    assert world.agency("clean", "fix-login", "--yes").error_code == "E_DIRTY_WORKTREE"
    world.ok("clean", "fix-login", "--yes", "--discard")
    assert run.archived
    assert not run.worktree.exists()
    assert str(run.worktree) not in world.git("worktree", "list")
    assert run.branch not in world.git("branch", "--all")

    world.ok("restore", "fix-login")
    assert (run.worktree / "note.txt").read_text() == "work\n"
    assert world.git("status", "--short", cwd=run.worktree) == "?? note.txt"
