"""Records that cannot be used: shown as broken, never fatal to anything else, never overwritten."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from internal_tests.chaos.killing import run_until
from internal_tests.support.world import SeenRun, World, demo_config


def truncated(path: Path) -> None:
    """The first half of the record."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    """Nothing at all, as after a power cut."""
    path.write_bytes(b"")


def binary(path: Path) -> None:
    """Bytes that are no text."""
    path.write_bytes(bytes(range(256)) * 8)


def a_list(path: Path) -> None:
    """JSON, but not an object."""
    path.write_text("[1, 2]")


def newer(path: Path) -> None:
    """The record of an agency of the future."""
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": "2.0"}))


def nameless(path: Path) -> None:
    """A record without a name."""
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": None}))


def missing(path: Path) -> None:
    """No record."""
    path.unlink()


def a_directory(path: Path) -> None:
    """A directory in the place of the record."""
    path.unlink()
    path.mkdir()


DAMAGES: list[Callable[[Path], None]] = [truncated, empty, binary, a_list, newer, nameless, missing, a_directory]
each_damage = pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)


def broken_run(world: World, damage: Callable[[Path], None]) -> SeenRun:
    """A run whose record has the damage."""
    run = world.run("hurt")
    run.wait_for_screen("demo agent ready")
    damage(run.directory / "meta.json")
    return run


@each_damage
def test_a_broken_record_is_listed_among_the_others(world: World, damage: Callable[[Path], None]) -> None:
    fine = world.run("fine")
    run = broken_run(world, damage)
    lines = world.ok("ls").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [fine.id, run.id]
    assert lines[2].split()[1:3] == ["<broken>", "broken"]
    assert "meta.json" in lines[2]


@each_damage
def test_a_broken_record_is_told_and_left_as_it_is_by_every_command(
    world: World, damage: Callable[[Path], None]
) -> None:
    run = broken_run(world, damage)
    record = run.directory / "meta.json"
    before = record.read_bytes() if record.is_file() else None
    for words in (
        ("resume", run.id, "--detached"),
        ("resume", run.id, "--restart", "--yes", "--detached"),
        ("kill", run.id),
        ("stop", run.id),
        ("clean", run.id, "--yes", "--force"),
        ("path", run.id),
        ("diff", run.id),
        ("rename", run.id, "other"),
    ):
        result = world.agency(*words)
        assert (result.code, result.error_code) == (1, "E_RUN_BROKEN"), (words, result.err)
        assert f"hint: agency {'show --paths' if damage is newer else 'restore'} {run.id}" in result.err
    assert (record.read_bytes() if record.is_file() else None) == before
    assert world.sessions() == [run.session]


@each_damage
def test_a_broken_record_does_not_hinder_other_runs(world: World, damage: Callable[[Path], None]) -> None:
    broken = broken_run(world, damage)
    other = world.run("other")
    world.ok("resume", "other", "--detached")
    world.ok("clean", "other", "--yes")
    assert other.archived
    world.ok("restore", "other")
    assert broken.worktree.exists()


def test_a_broken_record_in_json_says_what_is_wrong_with_it(world: World) -> None:
    run = broken_run(world, newer)
    (row,) = world.ok("ls", "--json").data
    assert (row["run_id"], row["name"], row["derived_status"]) == (run.id, None, "broken")
    assert row["summary"] == "meta.json has schema version 2.0, made by a newer agency"


def test_a_broken_archived_record_is_listed_with_all(world: World) -> None:
    run = world.run("gone")
    world.ok("clean", "gone", "--yes")
    truncated(run.directory / "meta.json")
    assert "broken (archived)" in world.ok("ls", "--all").out
    world.ok("restore", run.id)
    assert (run.archived, run.row()["name"]) == (False, "gone")


@pytest.mark.parametrize("damage", [one for one in DAMAGES if one is not newer], ids=lambda damage: damage.__name__)
def test_restore_writes_a_broken_record_anew_from_the_events(world: World, damage: Callable[[Path], None]) -> None:
    run = world.run("first", "--", "--show", "HOME")
    run.wait_for_screen("demo agent ready")
    world.ok("rename", "first", "hurt")
    (run.worktree / "note.txt").write_text("work\n")
    whole, pane = run.meta, run.pane()
    damage(run.directory / "meta.json")
    assert world.ok("restore", run.id).pairs["how"] == "record rebuilt"
    assert {**run.meta, "created_at": ""} == {**whole, "created_at": ""}
    assert (run.pane(), run.status()) == (pane, "active")
    assert (run.worktree / "note.txt").read_text() == "work\n"
    assert run.event_names()[-1] == "record_rebuilt"
    assert len(list(run.directory.glob("meta.broken-*"))) == (0 if damage is missing else 1)
    assert world.agency("restore", "hurt").error_code == "E_NOT_ARCHIVED"


def test_a_record_whose_events_are_gone_too_stays_as_it_is(world: World) -> None:
    run = broken_run(world, truncated)
    (run.directory / "events.jsonl").write_text("")
    before = (run.directory / "meta.json").read_bytes()
    result = world.agency("restore", run.id)
    assert (result.error_code, f"agency show {run.id} --paths" in result.err) == ("E_RUN_BROKEN", True)
    assert (run.directory / "meta.json").read_bytes() == before


def test_a_record_of_a_later_version_is_not_written_anew(world: World) -> None:
    run = broken_run(world, newer)
    before = (run.directory / "meta.json").read_bytes()
    assert world.agency("restore", run.id).error_code == "E_RUN_BROKEN"
    assert (run.directory / "meta.json").read_bytes() == before


def test_a_restore_of_a_broken_record_killed_at_any_step_is_finished_by_the_next(world: World) -> None:
    run = broken_run(world, truncated)
    half = (run.directory / "meta.json").read_bytes()
    at, killed = 1, True
    while killed:
        (run.directory / "meta.json").write_bytes(half)
        killed = run_until(world, ("restore", run.id), at=at).killed
        if world.agency("restore", run.id).code != 0:
            assert world.agency("restore", run.id).error_code == "E_NOT_ARCHIVED"
        assert (run.meta["name"], run.status()) == ("hurt", "active")
        at += 1
    assert at > 5


def test_a_record_of_a_newer_minor_version_is_used_and_keeps_what_we_do_not_know(world: World) -> None:
    run = world.run("future")
    path = run.directory / "meta.json"
    more = {"schema_version": "1.7", "later": {"deep": [1, None, "x"]}}
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, **more, "flags": {"later_flag": True}}))
    world.ok("clean", "future", "--yes")
    world.ok("restore", "future")
    assert {key: run.meta[key] for key in more} == more
    assert run.meta["flags"]["later_flag"] is True


@pytest.mark.parametrize("torn", [b'{"schema_version":"1.0","seq":5,"ev', b"\xff\x00\xfe", b"{"])
def test_a_torn_last_event_is_passed_over_and_closed_by_the_next(world: World, torn: bytes) -> None:
    run = world.run("torn")
    log = run.directory / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + torn)
    assert run.status() == "active"
    world.ok("stop", "torn")
    content = log.read_bytes()
    assert content.startswith(whole + torn + b"\n")
    after = [json.loads(line) for line in content[len(whole + torn) + 1 :].splitlines()]
    assert [event["event"] for event in after] == ["stop"]
    assert after[0]["seq"] == whole.count(b"\n") + 1


def test_damage_in_the_middle_of_the_log_hides_no_other_event(world: World) -> None:
    run = world.run("torn")
    log = run.directory / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:1], b"garbage\xff\n", *lines[1:]]))
    world.ok("stop", "torn")
    assert run.status() == "needs attention"
    assert json.loads(log.read_bytes().splitlines()[-1])["seq"] == len(lines) + 1


def test_a_log_that_is_gone_is_begun_anew(world: World) -> None:
    run = world.run("blank")
    (run.directory / "events.jsonl").unlink()
    assert run.status() == "active"
    world.ok("kill", "blank")
    world.ok("resume", "blank", "--detached")
    assert run.event_names() == ["kill_session", "resume_create"]


@pytest.mark.parametrize("damage", [truncated, empty, binary, a_list, missing], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("command", ["kill", "clean"])
def test_a_broken_session_record_lets_no_runner_get_away(
    world: World, damage: Callable[[Path], None], command: str
) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--ignore-term", "--children"])})
    run = world.run("hurt")
    run.wait_for_screen("demo agent ready")
    damage(run.directory / "session.json")
    assert run.status() == "active"
    world.ok(command, "hurt", *(["--yes"] if command == "clean" else []))
    assert [process.cmdline() for process in world.processes()] == []


def test_a_broken_session_record_does_not_hinder_a_resume(world: World) -> None:
    run = world.run("hurt")
    world.ok("kill", "hurt")
    truncated(run.directory / "session.json")
    world.ok("resume", "hurt", "--detached")
    assert run.status() == "active"


@pytest.mark.parametrize("where", ["data", "repository"])
@pytest.mark.parametrize("damage", [truncated, empty, binary, a_list, missing], ids=lambda damage: damage.__name__)
def test_a_broken_record_of_the_repo_is_made_again(world: World, damage: Callable[[Path], None], where: str) -> None:
    run = world.run("first")
    (in_data,) = world.data.glob("repos/*/repo.json")
    path = in_data if where == "data" else world.repo / ".git" / "agency" / "repo.json"
    damage(path)
    assert [row["name"] for row in world.ok("ls", "--json").data] == ["first"]
    second = world.run("second")
    assert second.meta["repo_id"] == run.meta["repo_id"]
    assert json.loads(path.read_text())["repo_id"] == run.meta["repo_id"]


def test_what_is_not_ours_in_the_data_directory_is_passed_over(world: World) -> None:
    run = world.run("first")
    for path in (world.data, world.data / "repos", run.directory.parent, run.directory, run.worktree.parent):
        (path / ".DS_Store").write_bytes(b"\0")
        (path / "notes").mkdir()
    assert [row["name"] for row in world.ok("ls", "--all", "--all-repos", "--json").data] == ["first"]
    world.run("second")
    world.ok("clean", "first", "--yes")
    world.ok("restore", "first")


def test_a_file_in_place_of_the_data_directory_is_told(world: World) -> None:
    world.data.write_text("not a directory\n")
    result = world.agency("run", "lost", "--detached")
    assert (result.code, result.error_code) == (1, "E_STORE_FAILED")
    assert str(world.data) in result.err
    assert world.git("worktree", "list").count("\n") == 0
    world.data.unlink()


def test_a_relative_data_directory_is_refused(world: World) -> None:
    result = world.agency("ls", env={"AGENCY_DATA_DIR": "data"})
    assert (result.code, result.error_code) == (1, "E_STORE_FAILED")
