"""``agency du``: what every run and every archived run costs on disk."""

import os
import re
import subprocess
from pathlib import Path

from internal_tests.support.footprint import footprint
from internal_tests.support.world import SeenRun, World


def disk_use(*places: Path) -> int:
    """What ``du`` says of the places, in bytes."""
    words = ["du", "--summarize", "--total", "--block-size=1", *map(str, places)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1].split()[0])


def quiet(world: World, name: str, size: int, *, cwd: Path | None = None) -> SeenRun:
    """A run without session whose worktree holds a file of ``size`` bytes."""
    run = world.run(name, cwd=cwd)
    world.ok("kill", name, cwd=cwd)
    (run.worktree / "blob").write_bytes(os.urandom(size))
    return run


def test_sizes_are_those_of_the_disk(world: World) -> None:
    run = quiet(world, "sized", 1_000_000)
    os.link(run.worktree / "blob", run.worktree / "same-blob")
    (run.worktree / "link").symlink_to("/usr")
    (item,) = world.ok("du", "--json").data["items"]
    assert item["size"] == disk_use(run.worktree, run.directory)
    assert (item["kind"], item["run_id"], item["name"]) == ("run", run.id, "sized")


def test_an_archived_run_costs_its_parked_worktree(world: World) -> None:
    run = quiet(world, "old", 500_000)
    world.ok("clean", "old", "--yes", "--discard")
    (item,) = world.ok("du", "--json").data["items"]
    assert item["size"] == disk_use(run.directory, run.worktree.parents[1] / "trash" / run.id)
    assert (item["kind"], item["archived_at"]) == ("archived", run.meta["archive"]["archived_at"])


def test_the_largest_comes_first_and_the_total_last(world: World) -> None:
    quiet(world, "small", 1000)
    quiet(world, "large", 3_000_000)
    quiet(world, "middle", 1_000_000)
    lines = world.ok("du").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["large", "middle", "small", "total"]
    data = world.ok("du", "--json").data
    assert data["total"] == sum(item["size"] for item in data["items"])


def test_sizes_are_written_for_people(world: World) -> None:
    quiet(world, "large", 3_000_000)
    (line, total) = world.ok("du").out.splitlines()
    assert re.fullmatch(r" *(2\.9|3\.0) MiB  run +\S+  large", line)
    assert re.fullmatch(r" *(2\.9|3\.0) MiB  total", total)


def test_what_belongs_to_no_run_is_counted(world: World) -> None:
    run = quiet(world, "any", 1000)
    lost = run.worktree.parents[1] / "trash" / "20200101000000-abcd"
    lost.mkdir(parents=True)
    (lost / "blob").write_bytes(os.urandom(100_000))
    (item,) = [item for item in world.ok("du", "--json").data["items"] if item["kind"] == "leftover"]
    assert (item["name"], item["size"]) == ("20200101000000-abcd", disk_use(lost))


def test_in_a_repo_its_own_and_elsewhere_all(world: World) -> None:
    here, there = quiet(world, "here", 1000), quiet(world, "there", 1000, cwd=world.make_repo("other"))
    assert [item["run_id"] for item in world.ok("du", "--json").data["items"]] == [here.id]
    everywhere = world.ok("du", "--json", cwd=world.root).data["items"]
    assert {item["run_id"] for item in everywhere} == {here.id, there.id}


def test_a_broken_run_is_counted(world: World) -> None:
    run = quiet(world, "broken", 1000)
    (run.directory / "meta.json").write_text("")
    (item,) = world.ok("du", "--json").data["items"]
    assert (item["run_id"], item["name"]) == (run.id, "<broken>")


def test_nothing_is_nothing(world: World) -> None:
    assert world.ok("du").out.split() == ["0", "B", "total"]
    assert world.ok("du", "--json").data == {"total": 0, "items": []}


def test_looking_writes_nothing(world: World) -> None:
    quiet(world, "still", 1000)
    before = footprint(world.data, world.repo)
    world.ok("du")
    assert footprint(world.data, world.repo) == before
