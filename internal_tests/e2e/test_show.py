"""``agency show``: everything known about a run, and its screen kept as a transcript."""

import json
import sys

from internal_tests.support.footprint import footprint
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World, demo_config

KEYS = {
    *(
        "run_id",
        "repo_id",
        "repo_key",
        "origin_url",
        "name",
        "runner",
        "branch",
        "parent_branch",
        "worktree",
        "created_at",
    ),
    *("tmux_active", "attached", "runner_alive", "exit_code", "worktree_present", "archived", "pr_number", "pr_url"),
    *("last_push_at", "derived_status", "rule", "summary", "needs_attention", "attention", "operation"),
    *(
        "broken",
        "broken_reason",
        "meta",
        "session",
        "runner_status",
        "report",
        "logs",
        "last_event",
        "last_event_at",
        "paths",
        "verify",
        "usage",
    ),
}


def test_json_has_all_that_is_known(world: World) -> None:
    world.git("remote", "add", "origin", "https://github.com/some/where.git")
    run = world.run("whole")
    told = world.ok("show", "whole", "--json").data
    assert set(told) == KEYS
    assert told["meta"] == run.meta
    assert (told["run_id"], told["name"], told["runner"], told["branch"]) == (run.id, "whole", "demo", run.branch)
    assert (told["repo_key"], told["origin_url"]) == ("github:some/where", "https://github.com/some/where.git")
    assert (told["tmux_active"], told["worktree_present"], told["archived"], told["broken"]) == (
        True,
        True,
        False,
        False,
    )
    assert (told["session"], told["worktree"]) == (run.session, str(run.worktree))
    assert told["last_event"] == run.event_names()[-1]


def test_paths_lead_to_the_parts_of_the_run(world: World) -> None:
    run = world.run("where")
    expected = {
        "repo_root": str(world.repo),
        "worktree_root": str(run.worktree),
        "run_dir": str(run.directory),
        "logs_dir": f"{run.directory}/logs",
        "events_path": f"{run.directory}/events.jsonl",
        "transcript_path": f"{run.directory}/transcript.txt",
        "report_path": f"{run.worktree}/.agency/report.md",
    }
    assert world.ok("show", "where", "--paths").pairs == expected
    assert world.ok("show", "where", "--paths", "--json").data == expected
    assert world.ok("show", "where", "--json").data["paths"] == expected


def test_people_read_pairs(world: World) -> None:
    run = world.run("read")
    pairs = world.ok("show", "read").pairs
    assert pairs["run"] == run.id
    assert pairs["branch"] == run.branch
    assert pairs["tmux"] == run.session
    assert pairs["status"] == "active"


def test_a_session_that_is_gone_is_not_shown(world: World) -> None:
    world.run("gone")
    world.ok("kill", "gone")
    assert world.ok("show", "gone").pairs["tmux"] == "none"
    told = world.ok("show", "gone", "--json").data
    assert (told["tmux_active"], told["runner_alive"]) == (False, False)


def test_what_the_runner_says_is_shown(world: World) -> None:
    run = world.run("asks")
    run.wait_for_screen("demo agent ready")
    secret = "ghp_" + "a1B2" * 9
    run.type(f"status needs_input which colour, {secret}")
    run.wait_for_screen("status needs_input")
    said = world.ok("show", "asks", "--json").data["runner_status"]
    assert (said["status"], said["questions"]) == ("needs_input", ["which colour, [REDACTED]"])
    shown = world.ok("show", "asks").out
    assert "status: needs input\n" in shown
    assert "  questions: which colour, [REDACTED]\n" in shown
    assert secret not in shown + world.ok("ls").out + world.ok("ls", "--json").out


def test_every_way_to_name_a_run_shows_the_same(world: World) -> None:
    run = world.run("same")
    world.ok("kill", "same")
    shown = {world.ok("show", ref, "--json").out for ref in ("same", run.id, run.id[:14])}
    assert len(shown) == 1


def test_an_archived_run_is_shown_by_name_and_by_id(world: World) -> None:
    run = world.run("old")
    world.ok("clean", "old", "--yes")
    for ref in ("old", run.id):
        told = world.ok("show", ref, "--json").data
        assert (told["run_id"], told["archived"], told["worktree_present"]) == (run.id, True, False)
    assert world.ok("show", "old").pairs["status"].endswith("(archived)")


def test_a_broken_run_is_shown_with_the_reason(world: World) -> None:
    run = world.run("broken")
    world.ok("kill", "broken")
    (run.directory / "meta.json").write_text("{")
    told = world.ok("show", run.id, "--json").data
    assert set(told) == KEYS
    assert (told["broken"], told["broken_reason"]) == (True, "meta.json is not JSON")
    assert (told["meta"], told["name"], told["derived_status"]) == (None, None, "broken")
    assert told["paths"]["run_dir"] == str(run.directory)
    shown = world.ok("show", run.id).pairs
    assert (shown["name"], shown["status"], shown["summary"]) == ("<broken>", "broken", "meta.json is not JSON")


def test_the_paths_of_a_broken_run_are_told(world: World) -> None:
    run = world.run("broken")
    world.ok("kill", "broken")
    (run.directory / "meta.json").unlink()
    pairs = world.ok("show", run.id, "--paths").pairs
    assert (pairs["run_dir"], pairs["worktree_root"]) == (str(run.directory), str(run.worktree))
    assert pairs["repo_root"] == str(world.repo)


def test_looking_writes_nothing(world: World) -> None:
    run = world.run("still")
    run.wait_for_screen("demo agent ready")
    before = footprint(world.data, world.repo)
    world.ok("show", "still")
    world.ok("show", "still", "--json")
    world.ok("show", "still", "--paths")
    assert footprint(world.data, world.repo) == before


def test_capture_keeps_the_screen_with_its_history(world: World) -> None:
    run = world.run("long", "--", "\n".join(f"line {number}" for number in range(300)))
    run.wait_for_screen("line 299")
    told = world.ok("show", "long", "--capture", "--json").data
    assert told["capture"] == {"capture_ok": True, "capture_error": None}
    transcript = (run.directory / "transcript.txt").read_text()
    assert [f"line {number}" for number in range(1, 300)] == [
        line for line in transcript.splitlines() if line[:5] == "line "
    ]


def test_capture_keeps_the_one_before_as_prev(world: World) -> None:
    run = world.run("twice")
    run.wait_for_screen("demo agent ready")
    world.ok("show", "twice", "--capture")
    first = (run.directory / "transcript.txt").read_bytes()
    assert not (run.directory / "transcript.prev.txt").exists()
    run.type("a new line")
    run.wait_for_screen("you said: a new line")
    world.ok("show", "twice", "--capture")
    assert (run.directory / "transcript.prev.txt").read_bytes() == first
    assert b"you said: a new line" in (run.directory / "transcript.txt").read_bytes()


def test_a_transcript_holds_text_only(world: World) -> None:
    colours = "\x1b[1;31mred\x1b[0m \x1b]0;a title\x07\x1b[4mline\x1b[0m ünïcödé"
    command = json.dumps([sys.executable, "-c", f"import time; print({colours!r}, flush=True); time.sleep(600)"])
    world.commit({"agency.yaml": f"version: 1\nrunners:\n  colour: {{command: {command}}}\n"})
    run = world.run("colour", "--runner", "colour")
    run.wait_for_screen("ünïcödé")
    world.ok("show", "colour", "--capture")
    assert (run.directory / "transcript.txt").read_bytes() == "red line ünïcödé\n".encode()


def test_the_transcript_is_nobody_elses(world: World) -> None:
    run = world.run("private")
    world.ok("show", "private", "--capture")
    assert (run.directory / "transcript.txt").stat().st_mode & 0o777 == 0o600


def test_each_capture_is_told_by_a_pair_of_events(world: World) -> None:
    run = world.run("pair")
    before = len(run.events)
    world.ok("show", "pair", "--capture")
    start, end = run.events[before:]
    assert (start["event"], start["data"]) == ("cmd_start", {"cmd": "show", "args": ["--capture"]})
    assert end["event"] == "cmd_end"
    assert end["data"].pop("duration_ms") >= 0
    assert end["data"] == {"cmd": "show", "exit_code": 0, "capture_ok": True}


def test_a_capture_that_fails_is_told_and_does_not_fail_the_command(world: World) -> None:
    run = world.run("gone")
    world.ok("show", "gone", "--capture")
    world.ok("kill", "gone")
    kept = (run.directory / "transcript.txt").read_bytes()
    result = world.ok("show", "gone", "--capture")
    assert "the screen could not be captured: the run has no session" in result.err
    assert (run.directory / "transcript.txt").read_bytes() == kept
    assert not (run.directory / "transcript.prev.txt").exists()
    data = run.events[-1]["data"]
    assert (data["capture_ok"], data["capture_error"]) == (False, "the run has no session")


def test_the_screen_of_a_runner_that_has_exited_can_be_kept(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["last words", "--exit", "3", "--after", "0.5"])})
    run = world.run("ended")
    run.wait_for_exit()
    wait_for(lambda: run.pane()["dead"] == "1", "the pane to be dead")
    world.ok("show", "ended", "--capture")
    assert "last words" in (run.directory / "transcript.txt").read_text()


def test_the_runner_is_captured_whatever_panes_the_user_opened(world: World) -> None:
    (world.home / ".tmux.conf").write_text("set -g base-index 1\nset -g pane-base-index 1\n")
    run = world.run("panes")
    run.wait_for_screen("demo agent ready")
    world.tmux_ask("split-window", "-b", "-t", f"={run.session}:", "echo mine; exec cat")
    world.ok("show", "panes", "--capture")
    transcript = (run.directory / "transcript.txt").read_text()
    assert "demo agent ready" in transcript
    assert "mine" not in transcript
