"""A world in which nothing is allowed beforehand, and what was allowed in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from internal_tests.support.world import World, demo_config


def ask_again(world: World) -> None:
    """From now on agency asks, or refuses, as it does for a user."""
    del world.env["AGENCY_ALLOW_SCRIPTS"]


def make_user_runner(world: World) -> None:
    """The demo agent as a runner of the user's, so that nothing of the repo is needed to start it."""
    (world.config / "config.yaml").write_text(demo_config())


def with_scripts(world: World, *, more: str = "", **scripts: str) -> None:
    """Commit a repo whose only own things are scripts of these texts, in ``scripts/<name>.sh``; ``more`` is of agency.yaml."""
    lines = "".join(f"  {name}: {{path: scripts/{name}.sh}}\n" for name in scripts)
    (world.repo / "scripts").mkdir(exist_ok=True)
    for name, text in scripts.items():
        write_script(world.repo / "scripts" / f"{name}.sh", text)
    world.commit({"agency.yaml": f"version: 1\nscripts:\n{lines}{more}" if scripts else f"version: 1\n{more}"})


def write_script(path: Path, text: str) -> None:
    """A script that can be executed."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def consent_file(world: World) -> Path:
    """Where what was allowed is remembered."""
    (place,) = (path.parent for path in world.data.glob("repos/*/repo.json"))
    return place / "consent.json"


def remembered(world: World) -> Mapping[str, list[dict[str, Any]]]:
    """What is remembered as allowed; nothing when there is no record."""
    found = list(world.data.glob("repos/*/consent.json"))
    if not found:
        return {}
    allowed = json.loads(found[0].read_text())["allowed"]
    assert isinstance(allowed, dict)
    return allowed


def states(world: World, *words: str, cwd: Path | None = None) -> dict[str, str]:
    """What ``agency allow --list`` says of each thing."""
    return {row["name"]: row["state"] for row in world.ok("allow", "--list", "--json", *words, cwd=cwd).data}
