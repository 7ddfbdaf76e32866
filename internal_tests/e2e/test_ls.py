"""``agency ls``: which runs it lists, in what form, and that it only looks."""

import shutil
from pathlib import Path

import pytest

from internal_tests.support.endings import exit_runner
from internal_tests.support.footprint import ToolLog, footprint
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import SeenRun, World

KEYS = {
    *("run_id", "repo_id", "repo_key", "origin_url", "name", "runner", "branch", "parent_branch", "worktree"),
    *("created_at", "last_push_at", "tmux_active", "attached", "runner_alive", "exit_code", "worktree_present"),
    *("archived", "pr_number", "pr_url", "derived_status", "rule", "summary", "needs_attention", "attention"),
    *("operation", "broken", "broken_reason"),
}


@pytest.fixture
def zoo(world: World) -> dict[str, SeenRun]:
    """Runs in many states."""
    runs = {name: world.run(name) for name in ("live", "ended", "killed", "missing", "broken", "cleaned")}
    exit_runner(runs["ended"], 3)
    world.ok("kill", "killed")
    shutil.rmtree(runs["missing"].worktree)
    world.ok("clean", "cleaned", "--yes")
    (runs["broken"].directory / "meta.json").write_text("{")
    return runs


def names(world: World, *words: str, cwd: Path | None = None) -> list[str | None]:
    """The names that ``agency ls`` with ``words`` lists."""
    return [row["name"] for row in world.ok("ls", "--json", *words, cwd=cwd).data]


def test_the_table_is_newest_first_and_broken_ones_are_last(world: World, zoo: dict[str, SeenRun]) -> None:
    header, *rows = world.ok("ls").out.splitlines()
    assert header.split() == ["RUN_ID", "NAME", "STATUS", "SUMMARY", "PR"]
    assert [row.split()[:2] for row in rows] == [
        [zoo[name].id, name if name != "broken" else "<broken>"]
        for name in ("missing", "killed", "ended", "live", "broken")
    ]
    status = header.index("STATUS")
    shown = ["worktree missing", "stopped", "exited (3)", "active", "broken"]
    assert [row[status:].split("  ")[0] for row in rows] == shown


def test_all_adds_the_archived(world: World, zoo: dict[str, SeenRun]) -> None:
    assert "cleaned" not in names(world)
    assert set(names(world, "--all")) == {"live", "ended", "killed", "missing", "cleaned", None}


def test_json_has_the_same_keys_for_every_run(world: World, zoo: dict[str, SeenRun]) -> None:
    rows = world.ok("ls", "--all", "--json").data
    assert len(rows) == len(zoo)
    assert all(set(row) >= KEYS and set(row) == set(rows[0]) for row in rows)


def test_nothing_is_written(world: World, zoo: dict[str, SeenRun]) -> None:
    before = footprint(world.data, world.config, world.home, world.repo)
    world.ok("ls")
    world.ok("ls", "--all", "--json")
    world.ok("ls", "--all-repos", "--status", "exited")
    assert footprint(world.data, world.config, world.home, world.repo) == before


def test_it_makes_one_tmux_call_and_no_git_call(world: World, zoo: dict[str, SeenRun]) -> None:
    log = ToolLog(world, "tmux", "git")
    assert world.agency("ls", "--all", env=log.env).code == 0
    calls = log.calls()
    assert len(calls) == 1, calls
    assert " list-panes -a " in calls[0]


def test_without_a_session_ever_made_tmux_is_not_called(world: World) -> None:
    log = ToolLog(world, "tmux")
    assert world.agency("ls", env=log.env).code == 0
    assert log.calls() == []


def test_it_works_with_an_empty_data_directory_and_makes_none(world: World) -> None:
    assert world.ok("ls").out == "no runs in this repo; agency ls --all shows archived ones, agency run starts one\n"
    assert world.ok("ls", cwd=world.home).out == "no runs found\n"
    assert world.ok("ls", "--json").data == []
    assert not world.data.exists()


def test_status_keeps_what_begins_with_it(world: World, zoo: dict[str, SeenRun]) -> None:
    for word, expected in (
        ("active", ["live"]),
        ("exited", ["ended"]),
        ("exited (3)", ["ended"]),
        ("stopped", ["killed"]),
        ("worktree-missing", ["missing"]),
        ("worktree_missing", ["missing"]),
        ("Worktree Missing", ["missing"]),
        ("broken", [None]),
        ("merged", []),
    ):
        assert names(world, "--status", word) == expected, word
    assert world.agency("ls", "--status", "nonesuch").error_code == "E_USAGE"


def test_status_of_archived_runs_needs_all(world: World, zoo: dict[str, SeenRun]) -> None:
    assert names(world, "--status", "abandoned") == []
    assert names(world, "--status", "abandoned", "--all") == ["cleaned"]


def test_the_repo_around_the_caller_is_listed_or_all_of_them(world: World) -> None:
    other = world.make_repo("other")
    world.run("here")
    there = world.run("there", cwd=other)
    assert names(world) == ["here"]
    assert names(world, cwd=other) == ["there"]
    assert names(world, cwd=there.worktree) == ["there"]
    assert names(world, "--repo", str(other)) == ["there"]
    assert names(world, "--all-repos") == ["there", "here"]
    assert names(world, cwd=world.home) == ["there", "here"]


def test_a_repo_that_is_none_is_an_error(world: World) -> None:
    result = world.agency("ls", "--repo", str(world.home))
    assert (result.code, result.error_code) == (1, "E_NO_REPO")


def test_watch_shows_changes_until_ctrl_c(world: World) -> None:
    world.run("watched")
    with agency_in_terminal(world, "ls", "--watch") as terminal:
        terminal.shows(" active ")
        world.ok("kill", "watched")
        terminal.shows(" stopped ")
        terminal.press("C-c")
        assert terminal.ended() == 130


def test_the_reader_of_a_pipe_may_leave_early(world: World) -> None:
    for name in ("one", "two"):
        world.run(name)
    listing = world.spawn("ls")
    assert listing.stdout is not None
    listing.stdout.close()
    assert listing.wait(timeout=30) == 0
    assert listing.stderr is not None
    assert listing.stderr.read() == b""


def test_a_session_of_ours_without_a_record_is_not_listed(world: World) -> None:
    world.run("one")
    world.tmux_ask("new-session", "-d", "-s", "agency_20200101000000-abcd", "sleep 1000")
    assert names(world) == ["one"]


def test_long_names_and_summaries_stay_on_one_line(world: World) -> None:
    run = world.run("a" * 40)
    file = run.worktree / ".agency/state/runner_status.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"status": "working", "summary": "first line\\nsecond ' + "x" * 200 + '"}')
    _, row = world.ok("ls").out.splitlines()
    assert "first line second x" in row
    assert row.split("  ")[-2].endswith("…")
    assert len(row) < 160
