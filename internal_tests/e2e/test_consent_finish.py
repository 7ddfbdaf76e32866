"""Consent of the commands that finish a run: the script that judges the work is the repo's, and the agent may have changed it."""

import pytest

from internal_tests.support.consent import ask_again, make_user_runner, with_scripts, write_script
from internal_tests.support.github import GitHub
from internal_tests.support.landing import tip, with_work
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import World


@pytest.fixture
def asked(world: World) -> World:
    """A world in which agency asks, with a runner that is the user's own."""
    ask_again(world)
    make_user_runner(world)
    return world


def test_verify_land_and_merge_need_it_before_anything_is_done(asked: World, github: GitHub) -> None:
    ran = asked.root / "ran"
    with_scripts(asked, verify=f"touch {ran}")
    asked.git("push", "--quiet", "origin", "main")
    run = with_work(asked, "fix", {"new": "new\n"})
    asked.ok("push", "fix")
    before, events = tip(asked), run.event_names()
    for words in (("verify", "fix"), ("land", "fix", "--yes"), ("merge", "fix", "--yes")):
        refused = asked.agency(*words)
        assert (refused.code, refused.error_code) == (1, "E_CONSENT_REQUIRED"), words
        assert "scripts.verify" in refused.err and "hint: agency allow" in refused.err
    assert not ran.exists() and github.pulls.all()[0].state == "OPEN"
    assert (tip(asked), set(run.event_names()) - set(events)) == (before, set())
    asked.ok("verify", "fix", "--allow-scripts")
    assert ran.exists()
    asked.ok("land", "fix", "--yes", "--allow-scripts")
    assert run.archived


def test_a_script_that_the_branch_got_since_is_not_run_by_a_land_unless_it_is_allowed(asked: World) -> None:
    with_scripts(asked, verify="true")
    asked.ok("allow", "--yes")
    run = with_work(asked, "fix", {"new": "new\n"})
    ran = asked.root / "ran"
    write_script(asked.repo / "scripts" / "verify.sh", f"touch {ran}")
    asked.git("commit", "-qam", "another script")
    before = tip(asked)
    refused = asked.agency("land", "fix", "--yes")
    assert (refused.code, refused.error_code) == (1, "E_CONSENT_REQUIRED"), refused.err
    assert "scripts.verify" in refused.err
    assert not ran.exists() and tip(asked) == before and not run.archived
    assert [path.name for path in asked.data.glob("repos/*/worktrees/*")] == [run.id]
    hint = "hint: combined with the branch it is not as fix has it: type it on a terminal, or with --allow-scripts"
    assert hint in refused.err
    with agency_in_terminal(asked, "land", "fix", "--yes") as terminal:
        assert f"| touch {ran}" in terminal.shows("[y/N]")
        terminal.type("y")
        terminal.shows("landed: ")
    assert ran.exists() and run.archived


def test_a_script_that_the_agent_changed_is_not_run_unless_it_is_allowed(asked: World) -> None:
    with_scripts(asked, verify="true")
    asked.ok("allow", "--yes")
    run = asked.run("fix")
    ran = asked.root / "ran"
    write_script(run.worktree / "scripts" / "verify.sh", f"touch {ran}")
    asked.git("commit", "-qam", "another script", cwd=run.worktree)
    for words in (("verify", "fix"), ("land", "fix", "--yes")):
        refused = asked.agency(*words)
        assert (refused.error_code, "hint: agency allow fix" in refused.err) == ("E_CONSENT_REQUIRED", True), (
            refused.err
        )
    assert not ran.exists()
    asked.ok("allow", "fix", "--yes")
    asked.ok("land", "fix", "--yes")
    assert ran.exists() and run.archived
