"""``agency mark``: a person says that a run needs a look, or no longer."""

from internal_tests.support.lockholder import lock_held
from internal_tests.support.world import World


def test_a_marked_run_needs_attention(world: World) -> None:
    run = world.run("look")
    result = world.ok("mark", "look")
    assert (result.out, result.err) == ("", "")
    row = run.row()
    assert (row["derived_status"], row["needs_attention"], row["attention"]) == ("needs attention", True, "user_marked")
    assert run.events[-1]["data"] == {"reason": "user_marked"}


def test_the_reason_is_shown(world: World) -> None:
    run = world.run("look")
    world.ok("mark", "look", "--reason", "the tests are odd")
    assert run.row()["summary"] == "the tests are odd"
    assert "the tests are odd" in world.ok("ls").out


def test_a_later_reason_takes_the_place_of_the_first(world: World) -> None:
    run = world.run("look")
    world.ok("mark", "look", "--reason", "first")
    world.ok("mark", "look", "--reason", "second")
    assert run.row()["attention"] == "second"


def test_clear_takes_the_mark_away(world: World) -> None:
    run = world.run("look")
    world.ok("mark", "look")
    world.ok("mark", "look", "--clear")
    assert run.status() == "active"
    assert run.event_names()[-1] == "attention_cleared"


def test_clear_without_a_mark_is_a_note_and_no_event(world: World) -> None:
    run = world.run("fine")
    before = run.event_names()
    result = world.ok("mark", "fine", "--clear")
    assert (result.out, result.err) == ("", "fine was not marked\n")
    assert run.event_names() == before


def test_clear_takes_what_a_stop_asked_for_away(world: World) -> None:
    run = world.run("stopped")
    run.wait_for_screen("demo agent ready")
    world.ok("stop", "stopped")
    assert run.row()["attention"] == "stop_requested"
    run.wait_for_exit()
    world.ok("mark", "stopped", "--clear")
    assert run.status() == "exited (130)"


def test_a_resume_takes_the_mark_away(world: World) -> None:
    run = world.run("look")
    world.ok("mark", "look")
    world.ok("resume", "look", "--detached")
    assert run.status() == "active"


def test_the_mark_outlives_the_session(world: World) -> None:
    run = world.run("look")
    world.ok("mark", "look", "--reason", "half done")
    world.ok("kill", "look")
    assert run.row()["summary"] == "half done; stopped by you"


def test_the_record_is_not_written_and_no_lock_is_needed(world: World) -> None:
    run = world.run("look")
    before = (run.directory / "meta.json").read_bytes()
    with lock_held(world):
        world.ok("mark", "look", "--lock-timeout", "0s")
        world.ok("mark", "look", "--clear", "--lock-timeout", "0s")
    assert (run.directory / "meta.json").read_bytes() == before


def test_an_archived_run_cannot_be_marked(world: World) -> None:
    world.run("old")
    world.ok("clean", "old", "--yes")
    assert world.agency("mark", "old").error_code == "E_RUN_NOT_FOUND"


def test_json_tells_whether_anything_changed(world: World) -> None:
    run = world.run("look")
    assert world.ok("mark", "look", "--reason", "odd", "--json").data == {
        "run_id": run.id,
        "name": "look",
        "attention": "odd",
        "changed": True,
    }
    assert world.ok("mark", "look", "--clear", "--json").data["changed"] is True
    assert world.ok("mark", "look", "--clear", "--json").data["changed"] is False
