"""``agency completion``: real shells complete commands, options, run names and ids."""

import subprocess

import pytest

from internal_tests.support.shells import Shell
from internal_tests.support.world import World


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(world: World, request: pytest.FixtureRequest) -> Shell:
    """Each shell for which there is a script."""
    return Shell(world, request.param)


def test_commands(world: World, shell: Shell) -> None:
    shell.expect("agency re", "release", "rename", "resolve", "restore", "resume", "resume-from", "retry-step")


def test_subcommands(world: World, shell: Shell) -> None:
    shell.expect("agency config ", "explain", "schema")


def test_options(world: World, shell: Shell) -> None:
    shell.expect("agency resume --re", "--restart", "--repo")


def test_names_of_runs(world: World, shell: Shell) -> None:
    for name in ("fix-login", "fix-logout", "other"):
        world.run(name)
    shell.expect("agency resume ", "fix-login", "fix-logout", "other")
    shell.expect("agency attach fix", "fix-login", "fix-logout")


def test_ids_of_runs(world: World, shell: Shell) -> None:
    runs = [world.run("one"), world.run("two")]
    shell.expect("agency show 20", *(run.id for run in runs))


def test_archived_runs_are_offered_where_they_can_be_meant(world: World, shell: Shell) -> None:
    world.run("old")
    world.ok("clean", "old", "--yes")
    world.run("new")
    shell.expect("agency restore ", "old", "new")
    shell.expect("agency clean ", "new")


def test_choices(world: World, shell: Shell) -> None:
    shell.expect("agency logs any ", "setup", "verify", "archive", "attempt", "pane")
    shell.expect("agency completion ", "bash", "zsh", "fish")


def test_a_run_of_the_repo_that_is_named(world: World, shell: Shell) -> None:
    other = world.make_repo("other")
    world.run("there", cwd=other)
    world.run("here")
    shell.expect(f"agency resume --repo {other} ", "there")
    shell.expect("agency resume ", "there", "here", cwd=world.home)


def test_a_broken_record_and_a_broken_config_do_not_disturb(world: World, shell: Shell) -> None:
    run = world.run("broken")
    world.run("whole")
    (run.directory / "meta.json").write_text("{")
    (world.repo / "agency.yaml").write_text("runnerz: {}\n")
    shell.expect("agency kill ", "whole")


def test_tab_completes_the_name_and_the_command_acts_on_it(world: World, shell: Shell) -> None:
    run = world.run("fix-login")
    with shell.terminal() as terminal:
        terminal.press("-l", "agency path fi")
        terminal.press("Tab")
        terminal.shows("agency path fix-login")
        terminal.press("Enter")
        terminal.shows(str(run.worktree))


def test_the_script_is_all_that_is_printed(world: World, shell: Shell) -> None:
    result = world.ok("completion", shell.name)
    assert result.err == ""
    check = subprocess.run([shell.name, "-n"], input=result.out, capture_output=True, text=True, timeout=60)
    assert (check.returncode, check.stderr) == (0, "")


def test_another_shell_is_a_usage_error(world: World) -> None:
    result = world.agency("completion", "tcsh")
    assert (result.code, result.error_code) == (2, "E_USAGE")


def test_completing_writes_nothing(world: World) -> None:
    Shell(world, "bash").expect("agency resume ")
    assert not world.data.exists()
