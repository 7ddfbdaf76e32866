"""The archive script: when it runs, what it may do, and that its failure never strands a run."""

import shutil

from internal_tests.support.gate import Gate, script_config, spawned
from internal_tests.support.traces import traces
from internal_tests.support.world import SeenRun, World, demo_config


def run_with_archive(world: World, script: str, *, timeout: str = "60s") -> SeenRun:
    """A run called ``kept`` in a repo with an archive script."""
    world.commit({"agency.yaml": script_config(archive=script, timeout=timeout)})
    return world.run("kept")


def test_the_archive_script_runs_while_everything_still_stands(world: World) -> None:
    run = run_with_archive(
        world, 'tmux -S "$AGENCY_TMUX_SOCKET" ls -F "#{session_name}"; pwd; git status --short | wc -l'
    )
    result = world.ok("clean", "kept", "--yes")
    assert (run.directory / "logs" / "archive.log").read_text().split() == [run.session, str(run.worktree), "0"]
    assert run.session in result.err


def test_what_the_archive_script_leaves_is_kept(world: World) -> None:
    run = run_with_archive(world, "echo last words > last.txt")
    world.ok("clean", "kept", "--yes")
    assert world.git("show", f"refs/agency/trash/{run.id}:last.txt") == "last words"


def test_the_archive_script_sees_the_variables_of_the_run(world: World) -> None:
    run = run_with_archive(world, 'echo "$AGENCY_RUN_ID $AGENCY_BRANCH $CI"')
    world.ok("clean", "kept", "--yes")
    assert (run.directory / "logs" / "archive.log").read_text() == f"{run.id} {run.branch} 1\n"


def test_a_failing_archive_script_leaves_the_run_whole(world: World) -> None:
    run = run_with_archive(world, "echo cannot >&2; exit 5")
    before, pane = traces(world), run.pane()
    result = world.agency("clean", "kept", "--yes")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    assert {"exit_code: 5", "  cannot", "hint: agency clean kept --force goes on without it"} <= set(
        result.err.splitlines()
    )
    assert (traces(world), run.pane()) == (before, pane)
    assert run.event_names()[-3:] == ["archive_started", "archive_finished", "clean_failed"]
    assert run.status() == "active"


def test_force_goes_on_after_a_failing_archive_script(world: World) -> None:
    run = run_with_archive(world, "exit 5")
    result = world.ok("clean", "kept", "--yes", "--force")
    assert "the archive script failed: exit code 5" in result.err
    assert run.archived


def test_force_goes_on_after_an_archive_script_that_takes_too_long(world: World) -> None:
    run = run_with_archive(world, "setsid sleep 1000 & sleep 1001", timeout="1s")
    assert world.agency("clean", "kept", "--yes").error_code == "E_SCRIPT_TIMEOUT"
    world.ok("clean", "kept", "--yes", "--force")
    assert run.archived
    assert [process.cmdline() for process in world.processes()] == []


def test_force_does_not_put_work_away(world: World) -> None:
    run = run_with_archive(world, "exit 0")
    (run.worktree / "new.txt").write_text("new\n")
    assert world.agency("clean", "kept", "--yes", "--force").error_code == "E_DIRTY_WORKTREE"
    assert run.status() == "active"


def test_a_missing_archive_script_leaves_the_run_whole_until_forced(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="scripts: {archive: {path: gone.sh}}\n")})
    run = world.run("kept")
    assert world.agency("clean", "kept", "--yes").error_code == "E_SCRIPT_NOT_FOUND"
    assert run.status() == "active"
    world.ok("clean", "kept", "--yes", "--force")
    assert run.archived


def test_a_config_that_broke_since_leaves_the_run_whole_until_forced(world: World) -> None:
    run = world.run("kept")
    (world.repo / "agency.yaml").write_text("version: 1\nscrips: {}\n")
    assert world.agency("clean", "kept", "--yes").error_code == "E_INVALID_CONFIG"
    assert run.status() == "active"
    world.ok("clean", "kept", "--yes", "--force")
    assert run.archived


def test_without_a_worktree_no_archive_script_runs(world: World) -> None:
    run = run_with_archive(world, "exit 5")
    shutil.rmtree(run.worktree)
    world.ok("clean", "kept", "--yes")
    assert run.archived


def test_the_repo_is_not_locked_while_the_archive_script_runs(world: World) -> None:
    gate = Gate(world)
    run = run_with_archive(world, gate.shell)
    with spawned(world, "clean", "kept", "--yes") as command:
        gate.wait()
        assert run.status() == "cleaning"
        world.ok("run", "other", "--detached", "--lock-timeout", "300ms")
        gate.open()
        assert command.end().code == 0
    assert run.archived


def test_a_run_that_is_being_cleaned_is_left_to_the_one_who_cleans(world: World) -> None:
    gate = Gate(world)
    run = run_with_archive(world, gate.shell)
    with spawned(world, "clean", "kept", "--yes") as command:
        gate.wait()
        for words in (("clean", "kept", "--yes"), ("restore", "kept"), ("resume", "kept", "--detached")):
            result = world.agency(*words)
            assert (result.code, result.error_code) == (1, "E_RUN_BUSY"), words
            assert f"pid {command.process.pid}" in result.err
        gate.open()
        assert command.end().code == 0
    assert run.archived
