"""Worlds with many runs: a few with a living session, the rest written as files in the form of real ones."""

import json
import shutil
from pathlib import Path

from internal_tests.support.world import SeenRun, World


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
