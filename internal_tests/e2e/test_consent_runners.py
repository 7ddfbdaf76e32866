"""Consent to runners, the command of notifications and the editor that a repo brings along."""

import json
from pathlib import Path

import pytest

from internal_tests.support.consent import ask_again, make_user_runner, remembered, states
from internal_tests.support.endings import exit_runner
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World, demo_config


@pytest.fixture
def asked(world: World) -> World:
    """A world in which agency asks. Its repo brings the demo runner along."""
    ask_again(world)
    return world


@pytest.fixture
def own(world: World) -> World:
    """A world in which agency asks, with a runner that is the user's own and a repo without a config."""
    ask_again(world)
    make_user_runner(world)
    world.commit({"agency.yaml": "version: 1\n"})
    return world


def refused(world: World, *words: str) -> str:
    """What of the repo is named as not allowed."""
    result = world.agency(*words)
    assert (result.code, result.error_code) == (1, "E_CONSENT_REQUIRED"), result.err
    return result.err


def test_a_runner_of_the_repo_needs_consent_and_of_the_user_does_not(asked: World) -> None:
    assert "runners.demo" in refused(asked, "run", "one", "--detached")
    make_user_runner(asked)
    asked.commit({"agency.yaml": "version: 1\ndefaults: {runner: demo}\n"})
    asked.ok("run", "one", "--detached")


def test_a_variable_that_the_repo_sets_for_the_runner_of_the_user_needs_consent(own: World) -> None:
    own.ok("run", "one", "--detached")
    own.commit({"agency.yaml": "version: 1\nrunners: {demo: {env: {LD_PRELOAD: ./evil.so}}}\n"})
    refused(own, "run", "two", "--detached")
    with agency_in_terminal(own, "run", "two") as terminal:
        assert "sets LD_PRELOAD=./evil.so" in terminal.shows("[y/N]")
        terminal.type("n")
        assert terminal.ended() == 0


def test_a_secret_of_the_user_is_not_shown_with_what_the_repo_adds(own: World) -> None:
    (own.config / "config.yaml").write_text(demo_config().replace("]}", "], env: {MY_TOKEN: tell-nobody}}"))
    own.commit({"agency.yaml": "version: 1\nrunners: {demo: {env: {COLOUR: red}}}\n"})
    with agency_in_terminal(own, "run", "one") as terminal:
        screen = terminal.shows("[y/N]")
        assert "sets COLOUR=red" in screen and "sets MY_TOKEN (of your config.yaml)" in screen
        assert "tell-nobody" not in screen
        terminal.type("y")
        terminal.shows("demo agent ready")
    assert "tell-nobody" not in "".join(path.read_text() for path in own.data.glob("repos/*/consent.json"))


def test_what_only_reads_the_screen_needs_none(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\nrunners: {demo: {state_patterns: {done: ['^demo>$']}}}\n"})
    own.ok("run", "one", "--detached")


def test_trust_in_worktrees_needs_consent(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\nrunners: {demo: {trust_worktrees: true}}\n"})
    assert "runners.demo" in refused(own, "run", "one", "--detached")


def test_a_built_in_runner_that_the_repo_chooses_needs_none(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\ndefaults: {runner: shell}\n"})
    own.ok("run", "one", "--detached")


def test_another_runner_of_the_repo_that_is_not_started_needs_none(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\nrunners: {other: {command: [true]}}\n".replace("[true]", "['true']")})
    own.ok("run", "one", "--detached")


def test_a_program_of_the_repo_counts_with_its_content(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\nrunners: {mine: {command: [./agent]}}\n"})
    (own.repo / "agent").write_text("#!/bin/sh\nexec sleep 600\n")
    (own.repo / "agent").chmod(0o755)
    own.commit({})
    own.ok("allow", "--yes")
    run = own.run("one", "--runner", "mine")
    own.ok("kill", "one")
    (run.worktree / "agent").write_text("#!/bin/sh\ntouch stolen; exec sleep 600\n")
    refused(own, "resume", "one", "--detached")
    assert not (run.worktree / "stolen").exists() and own.sessions() == []
    assert states(own) == {"runners.mine": "allowed"} and states(own, "one") == {"runners.mine": "changed"}
    own.ok("allow", "one", "--yes")
    own.ok("resume", "one", "--detached")


def test_a_resume_after_the_runner_changed_is_asked_again_and_ends_nothing(asked: World) -> None:
    asked.ok("allow", "--yes")
    run = asked.run("one")
    pid = run.pane()["pid"]
    asked.commit({"agency.yaml": demo_config(runner_args=["--name", "other"])})
    asked.ok("resume", "one", "--detached")
    before = run.event_names()
    refused(asked, "resume", "one", "--restart", "--yes", "--detached")
    assert (run.pane()["pid"], run.pane()["dead"]) == (pid, "0") and run.event_names() == before
    with agency_in_terminal(asked, "resume", "one", "--restart") as terminal:
        terminal.shows("will be ended")
        terminal.type("y")
        assert "changed since you allowed it" in terminal.shows("runners.demo")
        terminal.type("n")
        assert terminal.ended() == 0
        assert "canceled" in terminal.screen
    assert (run.pane()["pid"], run.pane()["dead"]) == (pid, "0") and run.event_names() == before


def test_a_living_session_is_entered_without_consent(asked: World) -> None:
    asked.ok("run", "one", "--detached", "--allow-scripts")
    asked.ok("resume", "one", "--detached")
    with agency_in_terminal(asked, "attach", "one") as terminal:
        terminal.shows("demo agent ready")


def test_resume_of_a_dead_one_needs_it_and_for_this_call_can_be_given(asked: World) -> None:
    asked.ok("run", "one", "--detached", "--allow-scripts")
    asked.ok("kill", "one")
    assert "hint: agency allow one" in refused(asked, "resume", "one", "--detached")
    assert asked.sessions() == []
    asked.ok("resume", "one", "--detached", "--allow-scripts")
    assert len(asked.sessions()) == 1 and remembered(asked) == {}


def test_resume_of_all_asks_nobody(asked: World) -> None:
    for name in ("one", "two"):
        run = asked.find(asked.ok("run", name, "--detached", "--allow-scripts").pairs["run_id"])
    asked.reboot(*(asked.find(row["run_id"]) for row in asked.runs()))
    with agency_in_terminal(asked, "resume", "--all") as terminal:
        assert terminal.ended() == 1
        assert "[y/N]" not in terminal.screen and "you have not allowed runners.demo" in terminal.screen
    assert asked.sessions() == []
    asked.ok("resume", "--all", "--allow-scripts")
    assert run.session in asked.sessions()


def test_fork_needs_what_the_files_of_the_run_hold_now(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\nscripts: {setup: {command: [sh, setup]}}\n", "setup": "echo one\n"})
    own.ok("allow", "--yes")
    run = own.run("one")
    (run.worktree / "setup").write_text("echo two\n")
    assert "hint: agency allow one" in refused(own, "fork", "one", "two", "--detached")
    assert len(own.runs()) == 1 and own.git("for-each-ref", "refs/heads/agency").count("\n") == 0
    with agency_in_terminal(own, "fork", "one", "two") as terminal:
        assert "| echo two" in terminal.shows("[y/N]")
        terminal.type("")
        assert terminal.ended() == 0
        assert "canceled" in terminal.screen
    assert len(own.runs()) == 1
    own.ok("allow", "one", "--yes")
    fork = own.find(own.ok("fork", "one", "two", "--detached").pairs["run_id"])
    assert (fork.directory / "logs" / "setup.log").read_text() == "two\n"


def test_the_command_of_notifications_counts_with_the_script_it_starts(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\nnotify: {command: [./tell]}\n"})
    (own.repo / "tell").write_text("#!/bin/sh\ntrue\n")
    (own.repo / "tell").chmod(0o755)
    own.commit({})
    assert "notify.command" in refused(own, "run", "one", "--detached")
    own.ok("allow", "--yes")
    own.ok("run", "one", "--detached")
    (own.repo / "tell").write_text("#!/bin/sh\ntouch stolen\n")
    assert "notify.command" in refused(own, "resume", "one", "--restart", "--yes", "--detached")


def test_a_command_of_notifications_that_changed_since_the_start_is_not_started(own: World) -> None:
    note = 'touch "$HOME/$AGENCY_NAME"'
    own.commit({"agency.yaml": "version: 1\nnotify: {when: [exited], command: [sh, tell]}\n", "tell": f"{note}\n"})
    own.ok("allow", "--yes")
    one, two = own.run("one"), own.run("two")
    exit_runner(one, 1)
    wait_for((own.home / "one").exists, "the notification")
    (own.repo / "tell").write_text(f"touch {own.root}/stolen\n")
    exit_runner(two, 1)
    own.ok("run", "three", "--detached", "--allow-scripts", "--allow-dirty")
    exit_runner(own.find(next(row["run_id"] for row in own.runs() if row["name"] == "three")), 1)
    wait_for((own.root / "stolen").exists, "the notification of a run that was started with the new one")
    assert not (own.home / "two").exists()


def test_the_editor_that_the_repo_names_needs_consent(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\ndefaults: {editor: python3}\n", "__main__.py": "open('stolen', 'w')\n"})
    run = own.run("one")
    assert "defaults.editor" in refused(own, "open", "one")
    assert "defaults.editor" in refused(own, "open", "one", "--editor", "")
    assert "defaults.editor" in refused(own, "run", "two", "--open", "--detached")
    assert not (run.worktree / "stolen").exists() and len(own.runs()) == 1
    with agency_in_terminal(own, "open", "one") as terminal:
        assert "runs python3 on the worktree" in terminal.shows("[y/N]")
        terminal.type("n")
        assert terminal.ended() == 0
        assert "canceled" in terminal.screen
    assert not (run.worktree / "stolen").exists()
    own.ok("open", "one", "--editor", "true")
    own.ok("allow", "--yes")
    own.ok("open", "one")
    assert (run.worktree / "stolen").exists()


def test_an_editor_of_the_user_needs_none(own: World) -> None:
    (own.config / "config.yaml").write_text(demo_config(more="") + "editors: {mine: ['true']}\n")
    config = (own.config / "config.yaml").read_text().replace("{runner: demo}", "{runner: demo, editor: mine}")
    (own.config / "config.yaml").write_text(config)
    own.ok("run", "one", "--detached", "--open")
    own.ok("open", "one")


def test_doctor_says_what_is_not_allowed_and_starts_nothing_of_the_repo(own: World) -> None:
    own.commit({"agency.yaml": "version: 1\ndefaults: {runner: claude}\nrunners: {claude: {command: [./claude]}}\n"})
    (own.repo / "claude").write_text(f"#!/bin/sh\ntouch {own.root}/stolen\n")
    (own.repo / "claude").chmod(0o755)
    own.commit({})
    done = own.ok("doctor", "--json")
    (row,) = [check for check in done.data if check["name"] == "consent"]
    assert (row["state"], row["mend"]) == ("note", "agency allow") and "runners.claude" in row["text"]
    assert not (own.root / "stolen").exists()
    refused(own, "run", "one", "--detached")
    assert not (own.root / "stolen").exists()
    own.ok("allow", "--yes")
    (row,) = [check for check in own.ok("doctor", "--json").data if check["name"] == "consent"]
    assert row["state"] == "ok"


def test_a_bare_repository_whose_worktree_has_a_config_of_its_own_is_asked_about(own: World) -> None:
    bare = own.root / "bare.git"
    own.git("clone", "--quiet", "--bare", str(own.repo), str(bare), cwd=own.root)
    result = own.ok("run", "one", "--parent", "main", "--detached", cwd=bare)
    run = own.find(result.pairs["run_id"])
    own.ok("kill", "one", cwd=bare)
    (run.worktree / "agency.yaml").write_text("version: 1\nrunners: {demo: {env: {LD_PRELOAD: ./evil.so}}}\n")
    done = own.agency("resume", "one", "--detached", cwd=bare)
    assert done.error_code == "E_CONSENT_REQUIRED"


def test_what_is_remembered_are_hashes_and_no_content(asked: World) -> None:
    asked.ok("allow", "--yes")
    (path,) = asked.data.glob("repos/*/consent.json")
    assert Path(path).stat().st_mode & 0o777 == 0o600
    record = json.loads(path.read_text())
    ((name, (version,)),) = record["allowed"].items()
    assert (record["schema_version"], name) == ("1.0", "runners.demo")
    assert set(version) == {"sha256", "allowed_at"} and len(version["sha256"]) == 64
