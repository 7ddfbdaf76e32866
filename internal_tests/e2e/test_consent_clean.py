"""Consent to the archive script, which an agent may have changed in the worktree of its run."""

import pytest

from internal_tests.support.consent import ask_again, make_user_runner, remembered, states, with_scripts, write_script
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import SeenRun, World


@pytest.fixture
def asked(world: World) -> World:
    """A world in which agency asks, whose repo has an archive script that is allowed."""
    ask_again(world)
    make_user_runner(world)
    with_scripts(world, archive="echo as it was")
    world.ok("allow", "--yes")
    return world


@pytest.fixture
def changed(asked: World) -> SeenRun:
    """A run whose agent wrote another archive script, and committed it."""
    run = asked.run("one")
    write_script(run.worktree / "scripts" / "archive.sh", f"touch {asked.root}/stolen")
    asked.git("commit", "--quiet", "--all", "--message=better", cwd=run.worktree)
    return run


def test_an_allowed_archive_script_runs_without_a_question(asked: World) -> None:
    run = asked.run("one")
    asked.ok("clean", "one", "--yes")
    assert (run.directory / "logs" / "archive.log").read_text() == "as it was\n"


def test_a_script_that_the_agent_changed_is_refused_before_anything_of_the_clean(
    asked: World, changed: SeenRun
) -> None:
    before = changed.event_names()
    result = asked.agency("clean", "one", "--yes", "--discard")
    assert (result.code, result.error_code) == (1, "E_CONSENT_REQUIRED")
    assert "hint: agency allow one" in result.err
    assert changed.event_names() == before and not changed.archived
    assert asked.sessions() == [changed.session] and not (asked.root / "stolen").exists()


def test_a_script_that_the_agent_changed_is_asked_again(asked: World, changed: SeenRun) -> None:
    with agency_in_terminal(asked, "clean", "one", "--yes", "--discard") as terminal:
        screen = terminal.shows("[y/N]")
        assert "changed since you allowed it" in screen and "stolen" in screen
        terminal.type("n")
        assert terminal.ended() == 0
        assert "canceled" in terminal.screen
    assert not changed.archived and not (asked.root / "stolen").exists()
    with agency_in_terminal(asked, "clean", "one", "--yes", "--discard") as terminal:
        terminal.shows("[y/N]")
        terminal.type("y")
        assert terminal.ended() == 0
    assert changed.archived and (asked.root / "stolen").exists()
    assert len(remembered(asked)["scripts.archive"]) == 2


def test_what_the_hint_names_allows_it(asked: World, changed: SeenRun) -> None:
    assert states(asked) == {"scripts.archive": "allowed"}
    assert states(asked, "one") == {"scripts.archive": "changed"}
    asked.ok("allow", "one", "--yes")
    asked.ok("clean", "one", "--yes", "--discard")
    assert changed.archived


def test_force_goes_on_without_it_and_says_so(asked: World, changed: SeenRun) -> None:
    result = asked.ok("clean", "one", "--yes", "--discard", "--force")
    assert "going on without the archive script" in result.err
    assert changed.archived and not (asked.root / "stolen").exists()
    assert "archive_started" not in changed.event_names()


def test_with_force_a_no_is_for_the_script_alone(asked: World, changed: SeenRun) -> None:
    with agency_in_terminal(asked, "clean", "one", "--yes", "--discard", "--force") as terminal:
        terminal.shows("[y/N]")
        terminal.type("n")
        assert terminal.ended() == 0
        assert "which you did not allow" in terminal.screen
    assert changed.archived and not (asked.root / "stolen").exists()


def test_for_this_call_it_can_be_allowed(asked: World, changed: SeenRun) -> None:
    asked.ok("clean", "one", "--yes", "--discard", "--allow-scripts")
    assert changed.archived and (asked.root / "stolen").exists()
    assert len(remembered(asked)["scripts.archive"]) == 1


def test_a_worktree_that_is_gone_has_no_script_to_ask_about(asked: World, changed: SeenRun) -> None:
    import shutil

    shutil.rmtree(changed.worktree)
    asked.ok("clean", "one", "--yes", "--discard")
    assert changed.archived


def test_a_named_pipe_in_the_place_of_the_script_hangs_nothing(asked: World, changed: SeenRun) -> None:
    import os

    script = changed.worktree / "scripts" / "archive.sh"
    script.unlink()
    os.mkfifo(script)
    result = asked.agency("clean", "one", "--yes", "--discard", env={}, timeout=30)
    assert result.error_code == "E_SCRIPT_NOT_FOUND"
