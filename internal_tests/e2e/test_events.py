"""``agency events``: what happened to a run, and what happens next."""

import json
import signal

import pytest

from internal_tests.support.following import Following
from internal_tests.support.world import World


def test_every_event_is_a_line_oldest_first(world: World) -> None:
    run = world.run("told")
    world.ok("mark", "told", "--reason", "two words")
    lines = world.ok("events", "told").out.splitlines()
    assert [line.split()[1] for line in lines] == run.event_names()
    assert [line.split()[0] for line in lines] == [event["timestamp"] for event in run.events]
    assert lines[-1].endswith('reason="two words"')


def test_json_prints_the_events_as_they_were_written(world: World) -> None:
    run = world.run("told")
    world.ok("mark", "told", "--reason", "grüß 漢字")
    lines = world.ok("events", "told", "--json").out.splitlines()
    assert [json.loads(line) for line in lines] == run.events


def test_a_torn_last_line_is_passed_over(world: World) -> None:
    run = world.run("torn")
    names = run.event_names()
    with (run.directory / "events.jsonl").open("ab") as log:
        log.write(b'{"schema_version":"1.0","seq":99,"ev')
    lines = world.ok("events", "torn").out.splitlines()
    assert [line.split()[1] for line in lines] == names


def test_the_events_of_an_archived_run_are_there(world: World) -> None:
    run = world.run("old")
    world.ok("clean", "old", "--yes")
    for ref in ("old", run.id):
        assert world.ok("events", ref).out.splitlines()[-1].split()[1] == "clean_finished"


def test_the_events_of_a_broken_run_are_there(world: World) -> None:
    run = world.run("broken")
    (run.directory / "meta.json").write_text("")
    assert len(world.ok("events", run.id).out.splitlines()) == len(run.events)


def test_following_shows_what_happened_and_what_happens(world: World) -> None:
    run = world.run("live")
    with Following(world, "events", "live", "--follow") as following:
        following.shows("run_created")
        world.ok("mark", "live", "--reason", "first")
        following.shows('reason="first"')
        world.ok("kill", "live")
        following.shows("kill_session")
        assert [line.split()[1] for line in following.out.splitlines()] == run.event_names()
        assert following.running


def test_following_in_json_is_one_event_a_line(world: World) -> None:
    run = world.run("live")
    with Following(world, "events", "live", "-f", "--json") as following:
        following.shows('"run_created"')
        world.ok("mark", "live")
        following.shows('"attention_set"')
        assert following.signal(signal.SIGINT) == 130
        assert [json.loads(line) for line in following.out.splitlines()] == run.events


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_following_without_a_word(world: World, number: int) -> None:
    world.run("live")
    with Following(world, "events", "live", "-f") as following:
        following.shows("run_created")
        assert following.signal(number) == 130
        assert following.err.strip() == ""


def test_following_shows_a_clean_to_its_last_event_and_ends(world: World) -> None:
    run = world.run("cleaned")
    (run.worktree / "note.txt").write_text("work\n")
    with Following(world, "events", "cleaned", "-f") as following:
        following.shows("run_created")
        world.ok("clean", "cleaned", "--yes", "--discard")
        assert following.ended() == 0
        assert [line.split()[1] for line in following.out.splitlines()] == run.event_names()


def test_following_an_archived_run_shows_it_being_restored(world: World) -> None:
    run = world.run("back")
    world.ok("clean", "back", "--yes")
    with Following(world, "events", "back", "-f") as following:
        following.shows("clean_finished")
        world.ok("restore", "back")
        following.shows("restore_finished")
        assert [line.split()[1] for line in following.out.splitlines()] == run.event_names()


def test_following_goes_over_a_torn_line_once_it_is_healed(world: World) -> None:
    run = world.run("torn")
    with Following(world, "events", "torn", "-f") as following:
        following.shows("run_created")
        with (run.directory / "events.jsonl").open("ab") as log:
            log.write(b'{"torn')
        world.ok("mark", "torn")
        following.shows("attention_set")
        assert len(following.out.splitlines()) == len(world.ok("events", "torn").out.splitlines())
