"""Consent: what a repo brings along is executed only after the user allowed it, exactly as it is."""

import os
import signal
import subprocess

import pytest

from internal_tests.support.consent import ask_again, make_user_runner, remembered, states, with_scripts, write_script
from internal_tests.support.footprint import footprint
from internal_tests.support.terminal import Terminal, agency_in_terminal
from internal_tests.support.world import AGENCY, SeenRun, World, demo_config


@pytest.fixture
def asked(world: World) -> World:
    """A world in which agency asks, with a runner that is the user's own."""
    ask_again(world)
    make_user_runner(world)
    return world


def made(world: World) -> list[str]:
    """Everything that a run would leave: its branches, worktrees and records."""
    branches = world.git("for-each-ref", "--format=%(refname)", "refs/heads/agency", "refs/agency").splitlines()
    worktrees = world.git("worktree", "list", "--porcelain").count("worktree ") - 1
    return [*branches, *["worktree"] * worktrees, *[str(path) for path in world.data.glob("repos/*/runs/*")]]


def test_without_a_terminal_a_script_of_the_repo_is_refused_and_nothing_is_made(asked: World) -> None:
    with_scripts(asked, setup="touch ran")
    before = footprint(asked.repo / ".git")
    result = asked.agency("run", "one", "--detached")
    assert (result.code, result.error_code) == (1, "E_CONSENT_REQUIRED")
    assert "scripts.setup" in result.err and "hint: agency allow" in result.err
    assert made(asked) == [] and asked.sessions() == []
    assert not asked.data.exists()
    assert footprint(asked.repo / ".git") == before


def test_the_error_names_what_and_the_hash_of_it(asked: World) -> None:
    with_scripts(asked, setup="true")
    error = asked.agency("run", "one", "--json").error
    (row,) = asked.ok("allow", "--list", "--json").data
    assert error["code"] == "E_CONSENT_REQUIRED"
    assert error["details"]["items"] == [f"scripts.setup {row['sha256']}"]


def test_a_person_is_shown_the_script_asked_once_and_not_again(asked: World) -> None:
    with_scripts(asked, setup="echo the text of the script")
    with agency_in_terminal(asked, "run", "one") as terminal:
        screen = terminal.shows("[y/N]")
        assert "scripts.setup" in screen and "| echo the text of the script" in screen and str(asked.repo) in screen
        assert made(asked) == []
        terminal.type("y")
        terminal.shows("demo agent ready")
    assert len(remembered(asked)["scripts.setup"]) == 1
    with agency_in_terminal(asked, "run", "two") as terminal:
        assert "[y/N]" not in terminal.shows("demo agent ready")
    asked.ok("run", "three", "--detached")


def test_declined_leaves_nothing(asked: World) -> None:
    with_scripts(asked, setup="touch ran")
    (asked.repo / "new.txt").write_text("a change to take along\n")
    asked.ok("run", "before", "--detached", "--allow-scripts", "--allow-dirty")
    seen, git = made(asked), footprint(asked.repo / ".git" / "objects")
    before = {path: what for path, what in footprint(asked.data).items() if "/runs/" not in path}
    with agency_in_terminal(asked, "run", "one", "--take-changes") as terminal:
        terminal.shows("[y/N]")
        terminal.type("n")
        assert terminal.ended() == 0
        assert "canceled" in terminal.screen
    assert made(asked) == seen and len(asked.sessions()) == 1
    assert {path: what for path, what in footprint(asked.data).items() if "/runs/" not in path} == before
    assert footprint(asked.repo / ".git" / "objects") == git


def test_everything_is_asked_in_one_question(asked: World) -> None:
    with_scripts(
        asked,
        setup="true",
        more=demo_config(more="notify: {command: [notify-me, agents]}\n").partition("\n")[2],
    )
    with agency_in_terminal(asked, "run", "one") as terminal:
        screen = terminal.shows("[y/N]")
        assert all(name in screen for name in ("scripts.setup", "runners.demo", "notify.command"))
        terminal.type("yes")
        terminal.shows("demo agent ready")
    assert set(remembered(asked)) == {"scripts.setup", "runners.demo", "notify.command"}


def test_one_more_byte_in_the_script_is_asked_again_with_the_day_of_the_first_yes(asked: World) -> None:
    with_scripts(asked, setup="true")
    asked.ok("allow", "--yes")
    asked.ok("run", "one", "--detached")
    write_script(asked.repo / "scripts" / "setup.sh", "true ")
    asked.commit({})
    assert asked.agency("run", "two", "--detached").error_code == "E_CONSENT_REQUIRED"
    assert states(asked) == {"scripts.setup": "changed"}
    day = remembered(asked)["scripts.setup"][0]["allowed_at"][:10]
    with agency_in_terminal(asked, "run", "two") as terminal:
        assert f"changed since you allowed it on {day}" in terminal.shows("[y/N]")
        terminal.type("y")
        terminal.shows("demo agent ready")
    assert len(remembered(asked)["scripts.setup"]) == 2


def test_another_timeout_is_not_asked_again(asked: World) -> None:
    with_scripts(asked, setup="true")
    asked.ok("allow", "--yes")
    asked.commit({"agency.yaml": "version: 1\nscripts:\n  setup: {path: scripts/setup.sh, timeout: 5m}\n"})
    asked.ok("run", "one", "--detached")


def test_what_two_branches_hold_may_both_be_allowed(asked: World) -> None:
    with_scripts(asked, setup="echo one")
    asked.ok("allow", "--yes")
    asked.git("switch", "--quiet", "--create", "other")
    write_script(asked.repo / "scripts" / "setup.sh", "echo other")
    asked.commit({})
    asked.ok("allow", "--yes")
    asked.ok("run", "one", "--parent", "main", "--detached")
    asked.ok("run", "two", "--parent", "other", "--detached")
    assert len(remembered(asked)["scripts.setup"]) == 2


def test_it_is_the_script_of_the_parent_that_counts_not_that_of_the_checkout(asked: World) -> None:
    with_scripts(asked, setup="echo fine")
    asked.git("branch", "fine")
    write_script(asked.repo / "scripts" / "setup.sh", "echo other")
    asked.commit({})
    asked.ok("allow", "--yes")
    asked.ok("run", "one", "--detached")
    refused = asked.agency("run", "two", "--parent", "fine", "--detached")
    assert refused.error_code == "E_CONSENT_REQUIRED"
    assert "hint: what fine holds differs from your checkout" in refused.err


def test_with_take_changes_the_script_as_it_is_taken_counts(asked: World) -> None:
    with_scripts(asked, setup="echo first")
    asked.ok("allow", "--yes")
    write_script(asked.repo / "scripts" / "setup.sh", "echo second")
    assert asked.agency("run", "one", "--take-changes", "--detached").error_code == "E_CONSENT_REQUIRED"
    asked.ok("run", "two", "--allow-dirty", "--detached")
    asked.ok("allow", "--yes")
    run = asked.run("three", "--take-changes")
    assert (run.directory / "logs" / "setup.log").read_text() == "second\n"


def test_a_script_behind_a_link_counts_with_what_it_leads_to(asked: World) -> None:
    with_scripts(asked, setup="echo one")
    (asked.repo / "scripts" / "setup.sh").rename(asked.repo / "real.sh")
    (asked.repo / "scripts" / "setup.sh").symlink_to("../real.sh")
    asked.commit({})
    asked.ok("allow", "--yes")
    asked.ok("run", "one", "--detached")
    write_script(asked.repo / "real.sh", "echo two")
    asked.commit({})
    assert asked.agency("run", "two", "--detached").error_code == "E_CONSENT_REQUIRED"


def test_a_script_with_line_endings_of_its_own_is_asked_as_it_is_checked_out(asked: World) -> None:
    with_scripts(asked, setup="true")
    asked.commit({".gitattributes": "*.bat text eol=crlf\n", "setup.bat": "echo\r\n"})
    asked.commit({"agency.yaml": "version: 1\nscripts:\n  setup: {command: [sh, setup.bat]}\n"})
    asked.ok("allow", "--yes")
    assert asked.agency("run", "one", "--detached").error_code != "E_CONSENT_REQUIRED"


def test_the_file_that_a_command_starts_counts(asked: World) -> None:
    asked.commit({"agency.yaml": "version: 1\nscripts:\n  setup: {command: [sh, -e, tools/setup, x]}\n"})
    asked.commit({"tools/setup": "echo $1\n"})
    with agency_in_terminal(asked, "run", "one") as terminal:
        assert "| echo $1" in terminal.shows("[y/N]")
        terminal.type("y")
        terminal.shows("demo agent ready")
    asked.commit({"tools/setup": "echo not the same\n"})
    assert asked.agency("run", "two", "--detached").error_code == "E_CONSENT_REQUIRED"


def test_a_script_that_is_brought_along_and_ignored_by_git_counts_too(asked: World) -> None:
    with_scripts(asked, setup="true", more="worktree: {copy: [scripts/local.sh]}\n")
    config = (asked.repo / "agency.yaml").read_text().replace("setup.sh", "local.sh")
    asked.commit({"agency.yaml": config, ".gitignore": "local.sh\n"})
    write_script(asked.repo / "scripts" / "local.sh", "echo local")
    assert asked.agency("run", "one", "--detached").error_code == "E_CONSENT_REQUIRED"
    asked.ok("allow", "--yes")
    run = asked.run("one")
    assert (run.directory / "logs" / "setup.log").read_text() == "local\n"


def test_a_script_that_is_not_there_is_told_as_missing(asked: World) -> None:
    asked.commit({"agency.yaml": "version: 1\nscripts:\n  setup: {path: nowhere.sh}\n"})
    assert states(asked) == {"scripts.setup": "missing"}
    assert asked.agency("run", "one", "--detached").error_code == "E_SCRIPT_NOT_FOUND"


def test_allow_scripts_runs_them_once_and_remembers_nothing(asked: World) -> None:
    with_scripts(asked, setup="echo ran")
    asked.ok("run", "one", "--detached", "--allow-scripts")
    assert remembered(asked) == {}
    assert asked.agency("run", "two", "--detached").error_code == "E_CONSENT_REQUIRED"


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("0", False), ("", False), ("yes", False)])
def test_the_variable_allows_all_calls_when_it_is_1(asked: World, value: str, allowed: bool) -> None:
    with_scripts(asked, setup="env > seen")
    result = asked.agency("run", "one", "--detached", env={"AGENCY_ALLOW_SCRIPTS": value})
    assert (result.code == 0) is allowed, result.err
    if allowed:
        run = asked.find(result.pairs["run_id"])
        assert "AGENCY_ALLOW_SCRIPTS" not in (run.worktree / "seen").read_text()
        runner = _environment_of(run)
        assert any(line.startswith(b"AGENCY_RUN_ID=") for line in runner)
        assert not any(line.startswith(b"AGENCY_ALLOW_SCRIPTS") for line in runner)


def test_of_a_long_script_the_rest_can_be_read_where_the_question_says(asked: World) -> None:
    with_scripts(asked, setup="\n".join(f"echo {number}" for number in range(300)))
    with agency_in_terminal(asked, "run", "one") as terminal:
        screen = terminal.shows("[y/N]")
        (line,) = [line for line in screen.splitlines() if "101 more lines" in line]
        terminal.type("n")
    said = subprocess.run(["sh", "-c", line.partition("in full: ")[2]], capture_output=True, text=True, env=asked.env)
    assert said.stdout == (asked.repo / "scripts" / "setup.sh").read_text()


def test_a_command_that_answers_a_program_never_asks(asked: World) -> None:
    with_scripts(asked, setup="true")
    with Terminal(asked, AGENCY, "run", "one", "--json") as terminal:
        assert terminal.ended() == 1
        assert "E_CONSENT_REQUIRED" in terminal.screen and "[y/N]" not in terminal.screen


def test_a_script_that_is_another_one_when_it_is_to_be_run_is_not_run(asked: World) -> None:
    """A filter of git gives the script as it is allowed when it is looked at, and another one when it is checked out."""
    with_scripts(asked, setup="true")
    armed, looked = asked.root / "armed", asked.root / "looked"
    smudge = asked.root / "smudge"
    add = f"if [ -e {armed} ]; then mv {armed} {looked}; elif [ -e {looked} ]; then echo 'touch stolen'; fi"
    write_script(smudge, f"cat\n{add}")
    asked.commit({".gitattributes": "*.sh filter=odd\n"})
    asked.git("config", "filter.odd.smudge", str(smudge))
    asked.ok("allow", "--yes")
    armed.touch()
    result = asked.agency("run", "one", "--detached")
    assert result.error_code == "E_CONSENT_REQUIRED" and "hint: agency allow one" in result.err
    (row,) = asked.runs()
    run = asked.find(row["run_id"])
    assert "touch stolen" in (run.worktree / "scripts" / "setup.sh").read_text()
    assert not (run.worktree / "stolen").exists() and asked.sessions() == []
    assert row["derived_status"] == "failed" and "setup_started" not in run.event_names()


def test_nobody_waits_for_a_lock_while_a_person_thinks(asked: World) -> None:
    with_scripts(asked, setup="true")
    with agency_in_terminal(asked, "run", "one") as terminal:
        terminal.shows("[y/N]")
        asked.ok("run", "two", "--detached", "--allow-scripts", "--lock-timeout", "0s")
        terminal.type("y")
        terminal.shows("demo agent ready")
    assert {row["name"] for row in asked.runs()} == {"one", "two"}


def test_interrupted_at_the_question_leaves_nothing(asked: World) -> None:
    with_scripts(asked, setup="true")
    with agency_in_terminal(asked, "run", "one") as terminal:
        terminal.shows("[y/N]")
        terminal.press("C-c")
        assert terminal.ended() == 128 + signal.SIGINT
    assert made(asked) == [] and remembered(asked) == {}


def test_a_repo_without_anything_of_its_own_is_never_asked_about(asked: World) -> None:
    asked.commit({"agency.yaml": "version: 1\ndefaults: {runner: demo}\nworktree: {copy: [.env]}\n"})
    asked.ok("run", "one", "--detached")
    assert "brings nothing along" in asked.ok("allow").out
    assert remembered(asked) == {}


def _environment_of(run: SeenRun) -> list[bytes]:
    import psutil

    (agent,) = [
        process
        for process in psutil.Process(int(run.pane()["pid"])).children(recursive=True)
        if "demo-agent" in " ".join(process.cmdline())
    ]
    return [os.fsencode(f"{name}={value}") for name, value in agent.environ().items()]
