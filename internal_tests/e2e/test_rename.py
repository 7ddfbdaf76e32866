"""``agency rename``: another name for a run; everything else stays."""

import pytest

from internal_tests.support.lockholder import lock_held
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World, demo_config


def test_the_run_has_the_new_name_and_lost_the_old_one(world: World) -> None:
    run = world.run("old")
    assert world.ok("rename", "old", "new").out == "renamed: old -> new\n"
    assert world.ok("path", "new").out == f"{run.worktree}\n"
    assert world.agency("path", "old").error_code == "E_RUN_NOT_FOUND"
    assert run.row()["name"] == "new"


def test_id_branch_worktree_and_session_stay(world: World) -> None:
    run = world.run("old")
    run.wait_for_screen("demo agent ready")
    before = {**run.meta, "name": "new"}
    pane = run.pane()
    world.ok("rename", "old", "new")
    assert run.meta == before
    assert run.pane() == pane
    assert world.git("branch", "--show-current", cwd=run.worktree) == before["branch"]


def test_fields_that_agency_does_not_know_stay(world: World) -> None:
    run = world.run("old")
    record = run.directory / "meta.json"
    record.write_text(record.read_text().replace('"name"', '"of_a_later_version": {"kept": [1]}, "name"'))
    world.ok("rename", "old", "new")
    assert run.meta["of_a_later_version"] == {"kept": [1]}


def test_the_event_holds_both_names(world: World) -> None:
    run = world.run("old")
    world.ok("rename", "old", "new")
    assert (run.events[-1]["event"], run.events[-1]["data"]) == ("rename", {"old": "old", "new": "new"})


def test_the_same_name_again_changes_nothing(world: World) -> None:
    run = world.run("same")
    before = (run.event_names(), (run.directory / "meta.json").stat().st_mtime_ns)
    world.ok("rename", "same", "same")
    assert (run.event_names(), (run.directory / "meta.json").stat().st_mtime_ns) == before


def test_a_name_that_is_taken_is_refused(world: World) -> None:
    run, other = world.run("first"), world.run("second")
    result = world.agency("rename", "first", "second")
    assert (result.code, result.error_code) == (1, "E_NAME_EXISTS")
    assert f"run_id: {other.id}" in result.err
    assert (run.name, other.name) == ("first", "second")


def test_the_name_of_an_archived_run_is_free(world: World) -> None:
    world.run("old")
    world.ok("clean", "old", "--yes")
    run = world.run("new")
    world.ok("rename", "new", "old")
    assert run.name == "old"


def test_the_name_of_a_run_of_another_repo_is_free(world: World) -> None:
    world.run("there", cwd=world.make_repo("other"))
    run = world.run("here")
    world.ok("rename", "here", "there")
    assert run.name == "there"


@pytest.mark.parametrize("name", ["a", "Feat", "a--b", "a-", "1a", "a" * 41, "a b", "ä", "", "../x"])
def test_a_name_that_breaks_the_rule_is_refused(world: World, name: str) -> None:
    run = world.run("old")
    before = run.event_names()
    result = world.agency("rename", "old", "--", name)
    assert (result.code, result.error_code) == (1, "E_INVALID_NAME")
    assert "2 to 40 characters" in result.err
    assert (run.name, run.event_names()) == ("old", before)


def test_of_many_renames_to_one_name_one_wins(world: World) -> None:
    runs = [world.run(f"run-{number}") for number in range(4)]
    callers = [world.spawn("rename", run.name, "wanted") for run in runs]
    outcomes = [(caller.communicate(timeout=60)[1], caller.returncode) for caller in callers]
    assert sorted(code for _, code in outcomes) == [0, 1, 1, 1]
    assert sum(b"E_NAME_EXISTS" in err for err, _ in outcomes) == 3
    assert sorted(run.name for run in runs).count("wanted") == 1


def test_a_lock_that_stays_held_is_told(world: World) -> None:
    run = world.run("old")
    with lock_held(world) as holder:
        result = world.agency("rename", "old", "new", "--lock-timeout", "200ms")
    assert (result.code, result.error_code) == (1, "E_REPO_LOCKED")
    assert f"pid {holder.pid}" in result.err
    assert run.name == "old"


def test_a_run_that_is_being_made_is_left_to_its_maker(world: World) -> None:
    gate = world.root / "gate"
    script = f"touch {gate}; while [ -e {gate} ]; do sleep 0.05; done"
    world.commit({"agency.yaml": demo_config(more=f"scripts: {{setup: {{command: [sh, -c, '{script}']}}}}\n")})
    making = world.spawn("run", "young", "--detached")
    wait_for(gate.exists, "the setup script to start")
    result = world.agency("rename", "young", "older")
    gate.unlink()
    making.communicate(timeout=60)
    assert (result.code, result.error_code, making.returncode) == (1, "E_RUN_BUSY", 0)


def test_json_tells_both_names(world: World) -> None:
    run = world.run("old")
    told = world.ok("rename", "old", "new", "--json").data
    assert told == {"run_id": run.id, "name": "new", "earlier_name": "old"}
