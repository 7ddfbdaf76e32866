"""The status of a run as ``agency ls`` tells it: one test for each that can be reached from outside."""

import json
import os
import shutil
from pathlib import Path

import pytest

from internal_tests.support.endings import exit_runner, runner_process
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World, demo_config


def with_script(world: World, script: str, name: str = "setup") -> None:
    """Give the repo a script."""
    world.commit(
        {"agency.yaml": demo_config(more=f"scripts: {{{name}: {{command: {json.dumps(['sh', '-c', script])}}}}}\n")}
    )


def only_run(world: World) -> SeenRun:
    """The one run there is, as soon as it is there."""
    rows = wait_for(world.runs, "the run to appear")
    return world.find(rows[0]["run_id"])


def says(run: SeenRun, line: str) -> None:
    """Let the demo agent set its status file."""
    run.wait_for_screen("demo agent ready")
    run.type(f"status {line}")
    run.wait_for_screen(f"status {line.split()[0]}\n")


def waits_for(path: Path) -> str:
    """A script that ends when ``path`` appears, or its worktree is gone."""
    return f"while [ -d . ] && [ ! -e {path} ]; do sleep 0.02; done"


def test_active(world: World) -> None:
    row = world.run("quiet").row()
    assert (row["derived_status"], row["rule"], row["runner_alive"]) == ("active", "session-alive", True)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("working on the login form", "working"),
        ("needs_input which colour?", "needs input"),
        ("blocked no network", "blocked"),
        ("ready_for_review run the tests", "ready for review"),
    ],
)
def test_what_a_living_runner_says_of_itself(world: World, line: str, status: str) -> None:
    run = world.run("says")
    says(run, line)
    row = run.row()
    assert (row["derived_status"], row["summary"]) == (status, line.split(" ", 1)[1])


@pytest.mark.parametrize("word", ["working", "needs_input", "blocked"])
def test_a_dead_runner_is_exited_whatever_it_said(world: World, word: str) -> None:
    run = world.run("said")
    says(run, f"{word} something")
    exit_runner(run, 0)
    assert (run.status(), run.row()["exit_code"], run.row()["runner_alive"]) == ("exited (0)", 0, False)


@pytest.mark.parametrize("word", ["working", "needs_input"])
def test_a_killed_run_is_stopped_whatever_its_runner_said(world: World, word: str) -> None:
    run = world.run("said")
    says(run, f"{word} something")
    world.ok("kill", "said")
    assert run.status() == "stopped"


@pytest.mark.parametrize(("code", "status"), [(0, "ready for review"), (3, "exited (3)")])
def test_ready_for_review_outlives_a_runner_that_ends_well(world: World, code: int, status: str) -> None:
    run = world.run("review")
    says(run, "ready_for_review run the tests")
    exit_runner(run, code)
    assert run.status() == status


def test_ready_for_review_outlives_a_kill(world: World) -> None:
    run = world.run("review")
    says(run, "ready_for_review run the tests")
    world.ok("kill", "review")
    assert run.status() == "ready for review"


def test_an_invalid_saying_is_as_good_as_none(world: World) -> None:
    run = world.run("odd")
    file = run.worktree / ".agency/state/runner_status.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    for said in (
        "not json",
        "[]",
        '{"status": "working"}',
        '{"status": "working", "summary": " "}',
        '{"status": "asleep", "summary": "x"}',
        '{"status": "needs_input", "summary": "x", "questions": []}',
        '{"status": "blocked", "summary": "x"}',
        '{"status": "ready_for_review", "summary": "x", "how_to_test": ""}',
    ):
        file.write_text(said)
        assert run.status() == "active", said


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exited(world: World, code: int) -> None:
    run = exit_runner(world.run("ended"), code)
    row = run.row()
    assert (row["derived_status"], row["exit_code"], row["tmux_active"]) == (f"exited ({code})", code, True)


def test_exited_by_a_signal(world: World) -> None:
    run = world.run("signal")
    runner_process(run).kill()
    assert run.wait_for_exit() == 137
    assert run.status() == "exited (137)"


def test_exited_although_the_session_was_ended_by_hand_afterwards(world: World) -> None:
    run = exit_runner(world.run("ended"), 3)
    world.tmux_ask("kill-session", "-t", f"={run.session}")
    assert (run.status(), run.row()["tmux_active"]) == ("exited (3)", False)


def test_stopped(world: World) -> None:
    run = world.run("killed")
    world.ok("kill", "killed")
    assert (run.status(), run.row()["rule"], run.row()["exit_code"]) == ("stopped", "stopped-by-you", None)


def test_lost_because_tmux_died(world: World) -> None:
    run = world.run("lost")
    world.kill_tmux_server()
    assert (run.status(), run.row()["summary"]) == ("lost (tmux died)", "agency resume starts it again")


def test_lost_because_the_session_was_ended_by_hand(world: World) -> None:
    run, other = world.run("lost"), world.run("other")
    world.tmux_ask("kill-session", "-t", f"={run.session}")
    assert run.status() == "lost (ended from outside)"
    assert other.status() == "active"


def test_lost_by_a_reboot(world: World) -> None:
    run = world.run("lost")
    world.reboot(run)
    assert run.status() == "lost (reboot)"


@pytest.mark.parametrize("ending", ["live", "kill", "exit"])
def test_worktree_missing(world: World, ending: str) -> None:
    run = world.run("gone")
    if ending == "kill":
        world.ok("kill", "gone")
    elif ending == "exit":
        exit_runner(run)
    shutil.rmtree(run.worktree)
    row = run.row()
    assert (row["derived_status"], row["worktree_present"]) == ("worktree missing", False)
    assert "agency restore" in row["summary"]


def test_needs_attention_tells_why_and_how_the_runner_ended(world: World) -> None:
    run = world.run("look")
    run.wait_for_screen("demo agent ready")
    world.ok("stop", "look")
    run.wait_for_exit()
    row = run.row()
    assert (row["derived_status"], row["needs_attention"]) == ("needs attention", True)
    assert row["summary"] == "stop_requested; runner exited (130)"


def test_failed_when_the_setup_script_failed(world: World) -> None:
    with_script(world, "echo no compiler; exit 4")
    assert world.agency("run", "--name", "failed", "--detached").error_code == "E_SCRIPT_FAILED"
    run = only_run(world)
    assert (run.status(), run.row()["summary"]) == ("failed", "setup failed")


def test_a_failed_run_that_was_resumed_is_no_longer_failed(world: World) -> None:
    with_script(world, "exit 4")
    world.agency("run", "--name", "failed", "--detached")
    world.ok("resume", "failed", "--detached")
    assert only_run(world).status() == "active"


def test_what_an_agent_writes_can_neither_break_the_list_nor_speak_to_the_terminal(world: World) -> None:
    run = world.run("wild")
    file = run.worktree / ".agency/state/runner_status.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    for summary, shown in (
        ("half an emoji \\ud83d", "half an emoji"),
        ("\\u001b[2Jclear \\u0007bell\\u009b31m", "[2Jclear bell 31m"),
        ("two\\nlines\\tand a tab", "two lines and a tab"),
        ("grüße 日本", "grüße 日本"),
    ):
        file.write_text(f'{{"status": "working", "summary": "{summary}"}}')
        assert shown in world.ok("ls").out
        assert shown in run.row()["summary"]
    for said in ("[" * 65536, '{"status": "working", "summary": "x", "updated_at": "0001-01-01T00:00:00+14:00"}'):
        file.write_text(said)
        assert world.ok("ls").out.count("wild") == 1


def test_broken_is_shown_with_its_reason(world: World) -> None:
    run, whole = world.run("broken"), world.run("whole")
    for content in ("", "{", "[]", "null", "\x00\xff", '{"schema_version": "9.0"}', "{}"):
        (run.directory / "meta.json").write_text(content, encoding="latin-1")
        row = run.row()
        assert (row["derived_status"], row["broken"], row["name"]) == ("broken", True, None), content
        assert row["broken_reason"].startswith("meta.json "), content
    (run.directory / "meta.json").unlink()
    assert [row["broken_reason"] for row in world.runs() if row["broken"]] == ["meta.json is missing"]
    assert whole.status() == "active"


def test_abandoned_is_shown_among_the_archived(world: World) -> None:
    run = world.run("cleaned")
    world.ok("clean", "cleaned", "--yes")
    row = run.row()
    assert (row["derived_status"], row["archived"], row["worktree_present"]) == ("abandoned", True, False)
    assert world.ok("ls", "--json").data == []
    assert "abandoned (archived)" in world.ok("ls", "--all").out


def test_creating_and_then_interrupted(world: World) -> None:
    go = world.root / "go"
    with_script(world, waits_for(go))
    creator = world.spawn("run", "--name", "half", "--detached")
    run = only_run(world)
    wait_for(lambda: run.row()["summary"] == "setup_started", "the setup script to start")
    row = run.row()
    assert (row["derived_status"], row["operation"]["pid"], row["operation"]["alive"]) == (
        "creating",
        creator.pid,
        True,
    )
    assert row["operation"]["command"] == "agency run"
    creator.kill()
    creator.wait()
    row = run.row()
    assert (row["derived_status"], row["operation"]["alive"]) == ("interrupted (create)", False)
    assert "agency clean" in row["summary"]
    go.touch()
    wait_for(lambda: world.processes() == [], "the script to end")


def test_idle_when_an_interrupted_creation_was_restored_but_never_started(world: World) -> None:
    go = world.root / "go"
    with_script(world, waits_for(go))
    creator = world.spawn("run", "--name", "half", "--detached")
    run = only_run(world)
    wait_for(lambda: run.row()["summary"] == "setup_started", "the setup script to start")
    creator.kill()
    creator.wait()
    go.touch()
    shutil.rmtree(run.worktree)
    world.ok("restore", "half")
    assert run.status() == "idle"
    wait_for(lambda: world.processes() == [], "the script to end")


def test_cleaning_and_then_interrupted(world: World) -> None:
    go = world.root / "go"
    with_script(world, waits_for(go), "archive")
    run = world.run("half")
    cleaner = world.spawn("clean", "half", "--yes")
    wait_for(lambda: run.status() == "cleaning", "the archive script to start")
    cleaner.kill()
    cleaner.wait()
    assert run.status() == "interrupted (clean)"
    go.touch()
    wait_for(lambda: len(world.processes()) == 3, "the script to end")


def test_stalled_when_nothing_was_said_or_printed_for_a_quarter_of_an_hour(world: World) -> None:
    """The clock cannot be turned on, so tmux is read through a filter that makes its last activity an hour older."""
    run = world.run("stalled")
    says(run, "working on it")
    file = run.worktree / ".agency/state/runner_status.json"
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "updated_at": "2020-01-01T00:00:00Z"}))
    hour_ago = file.stat().st_mtime - 3600
    os.utime(file, (hour_ago, hour_ago))
    assert run.status() == "working"
    tools = world.root / "tools"
    tools.mkdir()
    real = shutil.which("tmux", path=world.env["PATH"])
    (tools / "tmux").write_text(f"#!/bin/sh\n{real} \"$@\" | awk -F'|' -v OFS='|' '{{ $7 -= 3600; print }}'\n")
    (tools / "tmux").chmod(0o755)
    listed = world.agency("ls", "--json", env={"PATH": f"{tools}:{world.env['PATH']}"}).data
    assert (listed[0]["derived_status"], listed[0]["summary"]) == ("stalled", "no activity for 1h")
    assert listed[0]["stalled_duration"] == "1h"
