"""``agency allow``: what a repo brings along is shown, allowed, listed and forgotten."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from internal_tests.support.consent import (
    ask_again,
    consent_file,
    make_user_runner,
    remembered,
    states,
    with_scripts,
    write_script,
)
from internal_tests.support.footprint import footprint
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import World


@pytest.fixture
def asked(world: World) -> World:
    """A world in which agency asks, whose repo brings two scripts along."""
    ask_again(world)
    make_user_runner(world)
    with_scripts(world, setup="echo set up", verify="echo fine")
    return world


def test_everything_is_shown_and_one_yes_allows_it(asked: World) -> None:
    with agency_in_terminal(asked, "allow") as terminal:
        screen = terminal.shows("[y/N]")
        assert "| echo set up" in screen and "| echo fine" in screen
        terminal.type("y")
        assert terminal.ended() == 0
    assert states(asked) == {"scripts.setup": "allowed", "scripts.verify": "allowed"}
    with agency_in_terminal(asked, "allow") as terminal:
        assert terminal.ended() == 0
        assert "[y/N]" not in terminal.screen


def test_only_what_is_not_allowed_is_asked_about(asked: World) -> None:
    asked.ok("allow", "--yes")
    write_script(asked.repo / "scripts" / "verify.sh", "echo finer")
    with agency_in_terminal(asked, "allow") as terminal:
        screen = terminal.shows("[y/N]")
        assert "| echo finer" in screen and "set up" not in screen
        terminal.type("n")
        assert terminal.ended() == 0
        assert "canceled" in terminal.screen
    assert states(asked) == {"scripts.setup": "allowed", "scripts.verify": "changed"}


def test_without_a_terminal_it_needs_yes_and_nothing_is_written(asked: World) -> None:
    result = asked.agency("allow")
    assert (result.code, result.error_code) == (1, "E_CONFIRMATION_REQUIRED")
    assert "hint: agency allow --yes" in result.err
    assert asked.agency("allow", "--json").error["code"] == "E_CONFIRMATION_REQUIRED"
    assert not asked.data.exists()


def test_list_tells_each_thing_and_changes_nothing(asked: World) -> None:
    asked.ok("allow", "--yes")
    write_script(asked.repo / "scripts" / "verify.sh", "echo finer")
    before = footprint(asked.data)
    listed = asked.ok("allow", "--list").out
    assert [line.split("  ")[0] for line in listed.splitlines()] == ["ITEM", "scripts.setup", "scripts.verify"]
    (setup, verify) = asked.ok("allow", "--list", "--json").data
    assert (setup["state"], verify["state"]) == ("allowed", "changed")
    assert setup["allowed_at"] and len(verify["sha256"]) == 64 and "item" not in setup
    assert footprint(asked.data) == before


def test_a_repo_of_which_only_consent_is_known_troubles_no_command_that_looks(asked: World) -> None:
    asked.ok("allow", "--yes")
    for words in (["ls", "--all", "--all-repos"], ["du"], ["gc"], ["usage", "--all-repos"], ["doctor"]):
        asked.ok(*words)
    assert set(states(asked).values()) == {"allowed"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_program_that_can_be_executed_but_not_read_is_refused(asked: World) -> None:
    asked.ok("allow", "--yes")
    run = asked.run("one")
    (run.worktree / "scripts" / "archive.sh").write_bytes(b"")
    asked.commit({"agency.yaml": "version: 1\nscripts: {archive: {path: scripts/archive.sh}}\n"})
    (run.worktree / "scripts" / "archive.sh").chmod(0o111)
    result = asked.agency("clean", "one", "--yes", "--discard")
    assert result.error_code == "E_CONSENT_REQUIRED" and "cannot be read" in result.err


def test_revoke_forgets_all(asked: World) -> None:
    asked.ok("allow", "--yes")
    assert asked.ok("allow", "--revoke", "--json").data == {"revoked": 2}
    assert set(states(asked).values()) == {"not allowed"}
    assert asked.agency("run", "one", "--detached").error_code == "E_CONSENT_REQUIRED"
    assert asked.ok("allow", "--revoke", "--json").data == {"revoked": 0}


def test_a_repo_that_brings_nothing_along_is_told_so(world: World) -> None:
    repo = world.make_repo("plain", demo=False)
    assert "brings nothing along" in world.ok("allow", cwd=repo).out
    assert world.ok("allow", "--json", cwd=repo).data == []
    assert not world.data.exists()


def test_fields_that_agency_does_not_know_are_kept(asked: World) -> None:
    asked.ok("allow", "--yes")
    path = consent_file(asked)
    record = json.loads(path.read_text())
    record["note"] = "of a later version"
    record["allowed"]["scripts.setup"][0]["by"] = "somebody"
    path.write_text(json.dumps(record))
    write_script(asked.repo / "scripts" / "setup.sh", "echo more")
    asked.ok("allow", "--yes")
    after = json.loads(path.read_text())
    assert after["note"] == "of a later version" and after["allowed"]["scripts.setup"][0]["by"] == "somebody"
    assert len(after["allowed"]["scripts.setup"]) == 2


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema_version": "1.0"}',
        '{"schema_version": "1.0", "allowed": {"scripts.setup": [7]}}',
    ],
)
def test_a_damaged_record_allows_nothing_is_told_and_mended_by_the_next_yes(asked: World, damage: str) -> None:
    asked.ok("allow", "--yes")
    consent_file(asked).write_text(damage)
    result = asked.agency("run", "one", "--detached")
    assert (result.code, result.error_code) == (1, "E_CONSENT_REQUIRED")
    assert "consent.json cannot be used" in result.err
    assert set(states(asked).values()) == {"not allowed"}
    asked.ok("allow", "--yes")
    asked.ok("run", "one", "--detached")


def test_many_at_once_lose_nothing(asked: World) -> None:
    """Each of eight branches has a script of its own, allowed at the same time as the others."""
    places = []
    for number in range(8):
        place = asked.root / f"checkout{number}"
        asked.git("worktree", "add", "--quiet", "-b", f"branch{number}", str(place))
        write_script(place / "scripts" / "setup.sh", f"echo {number}")
        places.append(place)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda place: asked.ok("allow", "--yes", cwd=place), places))
    assert len(remembered(asked)["scripts.setup"]) == 8
    assert len(remembered(asked)["scripts.verify"]) == 1
    assert {states(asked, cwd=place)["scripts.setup"] for place in places} == {"allowed"}


def test_another_repo_with_the_same_script_is_asked_about(asked: World) -> None:
    asked.ok("allow", "--yes")
    other = asked.root / "other"
    asked.git("clone", "--quiet", str(asked.repo), str(other))
    assert set(states(asked, cwd=other).values()) == {"not allowed"}


def test_two_clones_of_the_same_repo_on_github_share_it(asked: World) -> None:
    other = asked.root / "other"
    shutil.copytree(asked.repo, other)
    for place in (asked.repo, other):
        asked.git("remote", "add", "origin", "https://github.com/someone/something.git", cwd=place)
    asked.ok("allow", "--yes")
    assert set(states(asked, cwd=other).values()) == {"allowed"}


def test_a_moved_repo_keeps_what_was_allowed(asked: World) -> None:
    asked.ok("allow", "--yes")
    moved = asked.root / "moved"
    asked.repo.rename(moved)
    assert set(states(asked, cwd=moved).values()) == {"allowed"}
    asked.ok("run", "one", "--detached", cwd=moved)


def test_what_init_writes_is_allowed_and_what_was_there_is_not(world: World) -> None:
    ask_again(world)
    repo = world.make_repo("fresh", demo=False)
    (repo / "scripts").mkdir()
    write_script(repo / "scripts" / "agency-archive.sh", "echo mine")
    world.ok("init", cwd=repo)
    assert states(world, cwd=repo) == {
        "scripts.setup": "allowed",
        "scripts.verify": "allowed",
        "scripts.archive": "not allowed",
    }
    world.commit({}, cwd=repo)
    world.ok("run", "one", "--runner", "shell", "--detached", cwd=repo)


def test_what_would_command_the_terminal_is_shown_and_not_done(asked: World) -> None:
    evil = "echo fine\n\x1b[1A\x1b[2K\x1b]0;title\x07rm -rf ~ # \r\u202eneddih\u200b"
    write_script(asked.repo / "scripts" / "setup.sh", evil)
    with agency_in_terminal(asked, "allow") as terminal:
        screen = terminal.shows("[y/N]")
        assert "| echo fine" in screen
        assert r"| \x1b[1A\x1b[2K\x1b]0;title\x07rm -rf ~ # \x0d\u202eneddih\u200b" in screen
        terminal.type("n")


def test_a_key_of_the_config_cannot_command_the_terminal_either(world: World) -> None:
    ask_again(world)
    world.commit({"agency.yaml": 'version: 1\nscripts: {setup: {command: ["echo", "\\e[2Jgone"]}}\n'})
    result = world.ok("allow", "--yes")
    assert "\x1b" not in result.out and r"\x1b[2Jgone" in result.out


def test_a_long_script_is_cut_and_said_where_the_rest_is(asked: World) -> None:
    write_script(asked.repo / "scripts" / "setup.sh", "\n".join(f"echo {number}" for number in range(300)))
    with agency_in_terminal(asked, "allow") as terminal:
        screen = terminal.shows("[y/N]")
        assert f"... and 101 more lines, in full: {asked.repo}/scripts/setup.sh" in screen
        assert "| echo 198" in screen and "| echo 199" not in screen
        terminal.type("n")
