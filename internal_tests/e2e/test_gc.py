"""``agency gc``: letting go, for good, of what was archived long ago."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from internal_tests.chaos.killing import Step, run_until
from internal_tests.support.footprint import footprint
from internal_tests.support.lockholder import lock_held
from internal_tests.support.world import SeenRun, World

COLLECT = ("gc", "--older-than", "0s")


def archived(world: World, name: str, *, days: float = 0, cwd: Path | None = None) -> SeenRun:
    """A run with a note in its worktree that was cleaned ``days`` ago."""
    run = world.run(name, cwd=cwd)
    (run.worktree / "note.txt").write_text("work\n")
    world.ok("clean", name, "--yes", "--discard", cwd=cwd)
    set_age(run, days)
    return run


def set_age(run: SeenRun, days: float) -> None:
    """Make the record say that the run was archived ``days`` ago."""
    record = run.directory / "meta.json"
    meta = json.loads(record.read_text())
    meta["archive"]["archived_at"] = (datetime.now(UTC) - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    record.write_text(json.dumps(meta))


def parked(run: SeenRun) -> Path:
    """Where the worktree of an archived run waits."""
    return run.worktree.parents[1] / "trash" / run.id


def trash_refs(world: World, cwd: Path | None = None) -> list[str]:
    """The ids of the runs whose work git keeps."""
    refs = world.git("for-each-ref", "--format=%(refname)", "refs/agency/trash", cwd=cwd).split()
    return [ref.rpartition("/")[2] for ref in refs]


def records(world: World) -> set[str]:
    """The ids of all archived runs."""
    return {path.name for path in world.data.glob("repos/*/archive/*")}


def test_what_is_older_goes_with_record_worktree_and_work(world: World) -> None:
    run = archived(world, "old", days=31)
    assert (parked(run).is_dir(), trash_refs(world)) == (True, [run.id])
    result = world.ok("gc")
    assert result.out.startswith("removed: ")
    assert run.id in result.out
    assert (parked(run).exists(), trash_refs(world), records(world)) == (False, [], set())
    assert world.runs() == []


def test_what_is_younger_stays(world: World) -> None:
    young, old = archived(world, "young", days=29), archived(world, "old", days=31)
    assert world.ok("gc").out.count("\n") == 1
    assert records(world) == {young.id}
    assert trash_refs(world) == [young.id]
    world.ok("restore", "young")
    assert (young.worktree / "note.txt").read_text() == "work\n"
    assert world.agency("restore", old.id).error_code == "E_RUN_NOT_FOUND"


@pytest.mark.parametrize(("age", "stays"), [("10d", False), ("12d", True), ("0s", False), ("264h", True)])
def test_the_age_can_be_chosen(world: World, age: str, stays: bool) -> None:
    run = archived(world, "old", days=10.5)
    world.ok("gc", "--older-than", age)
    assert (run.id in records(world)) is stays


def test_an_archived_record_that_is_broken_goes_once_it_lay_long_enough(world: World) -> None:
    run = archived(world, "old")
    (run.directory / "meta.json").write_text("{")
    world.ok("gc")
    assert (parked(run).exists(), records(world)) == (True, {run.id})
    world.ok(*COLLECT)
    assert (parked(run).exists(), trash_refs(world), records(world)) == (False, [], set())


def test_an_archived_record_of_a_later_version_stays(world: World) -> None:
    run = archived(world, "old", days=31)
    record = run.directory / "meta.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "schema_version": "2.0"}))
    world.ok(*COLLECT)
    assert (parked(run).is_dir(), records(world)) == (True, {run.id})


def test_an_age_of_thousands_of_years_keeps_everything(world: World) -> None:
    run = archived(world, "old", days=31)
    world.ok("gc", "--older-than", "99999999999d")
    assert records(world) == {run.id}


def test_present_runs_are_left_alone_whatever_their_age(world: World) -> None:
    run = world.run("present")
    run.wait_for_screen("demo agent ready")
    (run.worktree / "note.txt").write_text("work\n")
    before = footprint(run.directory, run.worktree)
    assert world.ok(*COLLECT).out == ""
    assert footprint(run.directory, run.worktree) == before
    assert run.status() == "active"


def test_a_run_that_was_restored_is_left_alone(world: World) -> None:
    run = archived(world, "back", days=31)
    world.ok("restore", "back")
    world.ok(*COLLECT)
    assert (run.worktree / "note.txt").exists()
    assert not run.archived


def test_a_run_whose_restore_was_interrupted_is_left_alone(world: World) -> None:
    run = archived(world, "half", days=31)
    operator = {"pid": 1, "pid_started": "0", "boot_id": "", "command": "agency restore"}
    last = run.events[-1]
    event = {**last, "seq": last["seq"] + 1, "event": "restore_started", "data": {"operator": operator}}
    with (run.directory / "events.jsonl").open("a") as log:
        log.write(json.dumps(event) + "\n")
    world.ok(*COLLECT)
    assert (records(world), parked(run).is_dir()) == ({run.id}, True)


def test_dry_run_tells_and_removes_nothing(world: World) -> None:
    run = archived(world, "old", days=31)
    archived(world, "young")
    before = (footprint(world.data), trash_refs(world))
    result = world.ok("gc", "--dry-run")
    assert result.out.startswith("would remove: ")
    assert result.out.count("\n") == 1
    assert run.id in result.out
    assert (footprint(world.data), trash_refs(world)) == before


def test_json_tells_what_went(world: World) -> None:
    run = archived(world, "old", days=31)
    planned = world.ok("gc", "--dry-run", "--json").data
    done = world.ok("gc", "--json").data
    assert (planned["dry_run"], done["dry_run"]) == (True, False)
    assert planned["removed"] == done["removed"]
    (item,) = done["removed"]
    assert (item["kind"], item["run_id"], item["name"]) == ("archived", run.id, "old")
    assert item["size"] > 0


def test_the_branch_stays_and_is_the_users(world: World) -> None:
    run = world.run("kept")
    world.commit({"a.txt": "a\n"}, cwd=run.worktree)
    branch = run.branch
    world.ok("clean", "kept", "--yes", "--discard")
    world.ok(*COLLECT)
    assert world.git("show", f"{branch}:a.txt") == "a"


def test_in_a_repo_only_its_runs_go_and_elsewhere_all(world: World) -> None:
    other = world.make_repo("other")
    here, there = archived(world, "here", days=31), archived(world, "there", days=31, cwd=other)
    world.ok("gc")
    assert records(world) == {there.id}
    assert trash_refs(world, other) == [there.id]
    set_age(archived(world, "again"), 31)
    world.ok("gc", cwd=world.root)
    assert records(world) == set()
    assert trash_refs(world, other) == []
    assert here.id not in trash_refs(world)


def test_directories_that_belong_to_no_run_go_when_they_are_old_enough(world: World) -> None:
    trash = parked(archived(world, "any")).parent
    (trash / "20200101000000-abcd").mkdir()
    (trash / "20200101000000-abcd" / "file").write_text("x")
    assert world.ok("gc").out == ""
    assert "leftover" in world.ok(*COLLECT).out
    assert os.listdir(trash) == []


def test_read_only_directories_go_too(world: World) -> None:
    run = world.run("built")
    (run.worktree / "cache" / "deep").mkdir(parents=True)
    (run.worktree / "cache" / "deep" / "file").write_text("x")
    (run.worktree / "cache" / "deep").chmod(0o555)
    (run.worktree / "cache").chmod(0o500)
    world.ok("clean", "built", "--yes", "--discard")
    world.ok(*COLLECT)
    assert not parked(run).exists()


def test_a_link_is_removed_and_not_what_it_leads_to(world: World) -> None:
    treasure = world.root / "treasure"
    treasure.mkdir()
    (treasure / "file").write_text("keep me")
    run = world.run("linked")
    (run.worktree / "link").symlink_to(treasure)
    world.ok("clean", "linked", "--yes", "--discard")
    world.ok(*COLLECT)
    assert (treasure / "file").read_text() == "keep me"
    assert not parked(run).exists()


def test_a_gc_killed_at_any_step_is_finished_by_the_next(world: World) -> None:
    archived(world, "counted")
    for step in _telling(run_until(world, COLLECT).steps):
        run = archived(world, f"killed-{step.number}")
        assert run_until(world, COLLECT, at=step.number).killed, step
        present = [row["derived_status"] for row in world.runs()]
        assert present in ([], ["abandoned"]), f"{step} left {present}"
        world.ok(*COLLECT)
        assert (parked(run).exists(), trash_refs(world), records(world)) == (False, [], set()), step


def test_a_record_that_was_half_removed_goes_with_the_next(world: World) -> None:
    directory = archived(world, "half").directory
    (directory / "meta.json").unlink()
    hidden = directory.rename(directory.parent / f".new-{directory.name}")
    assert world.runs() == []
    world.ok("gc")
    assert not hidden.exists()


def test_it_needs_the_lock(world: World) -> None:
    run = archived(world, "old", days=31)
    with lock_held(world):
        assert world.agency("gc", "--lock-timeout", "200ms").error_code == "E_REPO_LOCKED"
    assert (records(world), parked(run).is_dir()) == ({run.id}, True)


def test_two_at_once_do_not_hurt_each_other(world: World) -> None:
    for number in range(3):
        archived(world, f"old-{number}", days=31)
    callers = [world.spawn("gc") for _ in range(4)]
    outcomes = [(*caller.communicate(timeout=60), caller.returncode) for caller in callers]
    assert [(err, code) for _, err, code in outcomes if code != 0] == []
    assert b"".join(out for out, _, _ in outcomes).count(b"removed: ") == 3
    assert records(world) == set()


def test_where_nothing_was_ever_run_nothing_happens(world: World) -> None:
    assert world.ok("gc").out == ""
    assert not world.data.exists()


def _telling(steps: list[Step]) -> list[Step]:
    """The steps of a gc without those of the lock; of the many that empty one directory the first, one within and the last."""
    parts: dict[str, list[Step]] = {}
    for step in steps:
        if ".lock" not in step.what and step.kind != "os.mkdir":
            place = next((part for part in ("/trash/RUN", "/archive/.new-RUN") if step.what.endswith(part)), "")
            within = next((part for part in ("/trash/RUN/", "/archive/.new-RUN/") if part in step.what), "")
            parts.setdefault(within or place or str(step), []).append(step)
    chosen = [step for part in parts.values() for step in {part[0], part[len(part) // 2], part[-1]}]
    assert len(chosen) >= 9, steps
    return sorted(chosen, key=lambda step: step.number)
