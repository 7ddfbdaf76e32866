"""``agency path``, ``agency open`` and ``agency shell``: into the worktree of a run."""

import shutil
from pathlib import Path

import pexpect
import psutil
import pytest

from internal_tests.support.gate import signals_as_usual
from internal_tests.support.world import AGENCY, SeenRun, World

VARIABLES = {
    *(
        "AGENCY_RUN_ID",
        "AGENCY_NAME",
        "AGENCY_REPO_ROOT",
        "AGENCY_WORKSPACE_ROOT",
        "AGENCY_BRANCH",
        "AGENCY_PARENT_BRANCH",
    ),
    *("AGENCY_ORIGIN_NAME", "AGENCY_ORIGIN_URL", "AGENCY_RUNNER", "AGENCY_PR_URL", "AGENCY_PR_NUMBER"),
    *("AGENCY_DOTAGENCY_DIR", "AGENCY_OUTPUT_DIR", "AGENCY_LOG_DIR"),
}


def editor(world: World, name: str, *, code: int = 0) -> Path:
    """A program that notes where it was started and with what, and ends with ``code``."""
    path = world.root / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\n{{ echo {name}; pwd; printf "%s\\n" "$@"; }} > {world.root}/opened\nexit {code}\n')
    path.chmod(0o755)
    return path


def opened(world: World) -> list[str]:
    """What the editor noted: its name, its directory, its arguments."""
    return (world.root / "opened").read_text().splitlines()


def user_config(world: World, text: str) -> None:
    """Write the user's config."""
    (world.config / "config.yaml").write_text(text)


def test_path_prints_the_worktree_and_nothing_else(world: World) -> None:
    run = world.run("where")
    result = world.ok("path", "where")
    assert (result.out, result.err) == (f"{run.worktree}\n", "")


@pytest.mark.parametrize("command", ["path", "open", "shell"])
def test_a_worktree_that_is_gone_is_told(world: World, command: str) -> None:
    run = world.run("gone")
    world.ok("kill", "gone")
    shutil.rmtree(run.worktree)
    result = world.agency(command, "gone")
    assert (result.code, result.error_code, result.out) == (1, "E_WORKTREE_MISSING", "")
    assert "hint: agency restore gone" in result.err


@pytest.mark.parametrize("command", ["path", "open", "shell"])
def test_an_archived_run_is_told(world: World, command: str) -> None:
    run = world.run("old")
    world.ok("clean", "old", "--yes")
    result = world.agency(command, run.id)
    assert (result.code, result.error_code) == (1, "E_WORKTREE_MISSING")
    assert f"hint: agency restore {run.id}" in result.err


def test_open_gives_the_worktree_to_the_editor_and_ends_as_it_does(world: World) -> None:
    run = world.run("edit")
    result = world.agency("open", "edit", "--editor", str(editor(world, "stub", code=7)))
    assert (result.code, result.out, result.err) == (7, "", "")
    assert opened(world) == ["stub", str(run.worktree), str(run.worktree)]


def test_an_editor_ended_by_a_signal_is_told_as_a_shell_does(world: World) -> None:
    world.run("edit")
    assert world.agency("open", "edit", "--editor", "sh -c 'kill -9 $$'").code == 137


def test_an_editor_can_be_a_command_line(world: World) -> None:
    run = world.run("edit")
    world.ok("open", "edit", "--editor", f"{editor(world, 'stub')} --new-window 'two words'")
    assert opened(world)[2:] == ["--new-window", "two words", str(run.worktree)]


def test_an_editor_can_be_a_name_of_the_users_config(world: World) -> None:
    run = world.run("edit")
    user_config(world, f"editors: {{mine: [{editor(world, 'stub')}, --wait]}}\n")
    world.ok("open", "edit", "--editor", "mine")
    assert opened(world)[2:] == ["--wait", str(run.worktree)]


@pytest.mark.parametrize(
    ("words", "configured", "env", "expected"),
    [
        (("--editor", "given"), True, {"VISUAL": "visual", "EDITOR": "plain"}, "given"),
        ((), True, {"VISUAL": "visual", "EDITOR": "plain"}, "configured"),
        ((), False, {"VISUAL": "visual", "EDITOR": "plain"}, "visual"),
        ((), False, {"EDITOR": "plain"}, "plain"),
        ((), False, {}, "vi"),
    ],
)
def test_which_editor_is_taken(
    world: World, words: tuple[str, ...], configured: bool, env: dict[str, str], expected: str
) -> None:
    world.run("edit")
    for name in ("given", "configured", "visual", "plain", "vi"):
        directory = editor(world, name).parent
    (directory / "git").symlink_to(shutil.which("git") or "")
    if configured:
        user_config(world, "defaults: {editor: configured}\n")
    result = world.agency("open", "edit", *words, env={**env, "PATH": f"{directory}"})
    assert result.code == 0, result.err
    assert opened(world)[0] == expected


def test_the_editor_of_the_repo_wins_over_the_users(world: World) -> None:
    path = f"{editor(world, 'ours').parent}:{world.env['PATH']}"
    editor(world, "mine")
    world.commit(
        {
            "agency.yaml": (world.repo / "agency.yaml")
            .read_text()
            .replace("{runner: demo}", "{runner: demo, editor: ours}")
        }
    )
    user_config(world, "defaults: {editor: mine}\n")
    world.run("edit")
    assert world.agency("open", "edit", env={"PATH": path}).code == 0
    assert opened(world)[0] == "ours"


@pytest.mark.parametrize("words", ["no-such-editor", "/no/such/editor", "code '"])
def test_an_editor_that_is_not_there_is_told(world: World, words: str) -> None:
    world.run("edit")
    result = world.agency("open", "edit", "--editor", words)
    assert (result.code, result.error_code) == (1, "E_EDITOR_NOT_CONFIGURED")
    assert f"editor: {words}" in result.err


def test_shell_runs_the_users_shell_in_the_worktree_and_ends_as_it_does(world: World) -> None:
    run = world.run("inside")
    result = world.agency("shell", "inside", stdin="pwd\nexit 5\n")
    assert (result.code, result.out) == (5, f"{run.worktree}\n")


def test_shell_runs_a_command_with_its_own_options(world: World) -> None:
    world.run("inside")
    result = world.agency("shell", "inside", "--", "sh", "-c", 'printf "%s\n" "$0" "$@"; exit 3', "--help", "a  b")
    assert (result.code, result.out) == (3, "--help\na  b\n")


def test_shell_gives_the_variables_of_the_run(world: World) -> None:
    run = world.run("inside")
    shown = world.ok("shell", "inside", "--", "env", "-0").out.split("\0")
    found = dict(line.split("=", 1) for line in shown if "=" in line)
    assert set(found) >= VARIABLES
    assert found["AGENCY_RUN_ID"] == run.id
    assert found["AGENCY_NAME"] == "inside"
    assert found["AGENCY_WORKSPACE_ROOT"] == str(run.worktree)
    assert found["AGENCY_REPO_ROOT"] == str(world.repo)
    assert (found["AGENCY_BRANCH"], found["AGENCY_PARENT_BRANCH"]) == (run.branch, "main")
    assert found["AGENCY_LOG_DIR"] == str(run.directory / "logs")


def test_shell_inside_the_shell_of_another_run_shows_its_own_run(world: World) -> None:
    world.run("outer")
    run = world.run("inner")
    words = ("--", AGENCY, "shell", "inner", "--", "sh", "-c", "echo $AGENCY_RUN_ID")
    assert world.ok("shell", "outer", *words).out == f"{run.id}\n"


def test_shell_without_such_a_program_is_a_usage_error(world: World) -> None:
    world.run("inside")
    result = world.agency("shell", "inside", "--", "no-such-program")
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "no-such-program cannot be started" in result.err


def test_ctrl_c_goes_to_the_program_in_the_shell_and_not_to_agency(world: World) -> None:
    run: SeenRun = world.run("inside")
    child = pexpect.spawn(
        AGENCY,
        ["shell", "inside"],
        env=world.env,
        cwd=str(world.repo),
        encoding="utf-8",
        timeout=20,
        preexec_fn=signals_as_usual,
    )
    child.sendline("trap 'echo caught' INT; echo rea''dy")
    child.expect_exact("ready\r\n")
    child.sendintr()
    child.sendline("pwd; exit 9")
    child.expect_exact(str(run.worktree))
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 9


def test_a_shell_that_a_person_opened_outlives_the_kill_of_the_run(world: World) -> None:
    world.run("mine")
    shell = world.spawn("shell", "mine", "--", "sh", "-c", "echo open; exec sleep 1000")
    assert shell.stdout is not None
    assert shell.stdout.readline() == b"open\n"
    world.ok("kill", "mine")
    assert shell.poll() is None
    psutil.Process(shell.pid).children()[0].terminate()
    shell.wait(10)
