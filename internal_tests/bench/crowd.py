"""Worlds with much in them: many runs, a few with a living session, the rest written as files; a long conversation."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from internal_tests.support.world import SeenRun, World


@contextmanager
def new_world() -> Iterator[World]:
    """A world, taken down afterwards."""
    world = World()
    try:
        yield world
    finally:
        world.close()


def populate(world: World, *, live: int, present: int, archived: int = 0) -> None:
    """Fill the world's repo with runs: ``present`` of which ``live`` have a session, and ``archived`` ones."""
    for number in range(live):
        world.run(f"live-{number}")
    if present > live:
        ended = world.run("ended")
        world.ok("kill", "ended")
        for number in range(present - live - 1):
            _copy(ended, number, ended.worktree)
    if archived:
        old = world.run("old")
        world.ok("clean", "old", "--yes")
        for number in range(archived - 1):
            _copy(old, 100_000 + number, None)


def give_commits(world: World, *, runs: int, sharing: int) -> None:
    """Give so many of the world's runs a branch with a commit, in which ``sharing`` of them change the same file; the parent has
    gone on since."""
    world.commit({f"src/{number}.txt": f"{number}\n" * 50 for number in range(200)}, "files")
    for number, path in enumerate(sorted(world.data.glob("repos/*/runs/*/meta.json"))[:runs]):
        world.git("checkout", "--quiet", "-B", str(json.loads(path.read_text())["branch"]), "main")
        world.commit({f"src/{0 if number < sharing else number}.txt": f"by run {number}\n"}, f"run {number}")
        world.git("checkout", "--quiet", "main")
    world.commit({"src/199.txt": "elsewhere\n"}, "elsewhere")


def long_transcript(world: World, thread: str, *, megabytes: int) -> Path:
    """A transcript of claude, in which each answer of 2 KB has a result of a tool of 20 KB after it."""
    path = world.home / ".claude" / "projects" / "-place" / f"{thread}.jsonl"
    path.parent.mkdir(parents=True)
    usage = {
        "input_tokens": 10,
        "cache_creation_input_tokens": 500,
        "cache_read_input_tokens": 9000,
        "output_tokens": 400,
    }
    result = json.dumps({"type": "user", "message": {"content": [{"type": "tool_result", "content": "x" * 20_000}]}})
    with path.open("w") as file:
        for number in range(megabytes * 1_000_000 // 22_000):
            stamp = datetime.now(UTC).isoformat()
            message = {
                "id": f"m{number}",
                "model": "m",
                "content": [{"type": "text", "text": "y" * 2_000}],
                "usage": usage,
            }
            file.write(json.dumps({"type": "assistant", "timestamp": stamp, "message": message}) + f"\n{result}\n")
    return path


def _copy(run: SeenRun, number: int, worktree: Path | None) -> None:
    """Another run like this one, made in 2025."""
    run_id = f"20250101{number:06d}-{number % 65536:04x}"
    name = f"run-{number}"
    target = run.directory.with_name(run_id)
    shutil.copytree(run.directory, target)
    for file in ("meta.json", "session.json", "events.jsonl"):
        path = target / file
        path.write_text(path.read_text().replace(run.id, run_id))
    meta = json.loads((target / "meta.json").read_text())
    branch = f"agency/{name}-{run_id[-4:]}"
    (target / "meta.json").write_text(json.dumps({**meta, "name": name, "branch": branch}, indent=2))
    if worktree is not None:
        worktree.with_name(run_id).mkdir()
