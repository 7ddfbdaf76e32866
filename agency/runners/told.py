"""What the hooks of an agent told: the command line that they start, and the lines that it appended."""

import shlex
import sys
from collections.abc import Mapping
from typing import Any

from agency.runners import hook
from agency.runners.adapter import Scene
from agency.runners.jsonlines import last_objects

_TAIL = 64 * 1024


def hook_command(scene: Scene) -> str:
    """The shell command that an agent has to start at each of its hooks."""
    return shlex.join((sys.executable, "-I", "-S", hook.__file__, _path(scene)))


def read_told(scene: Scene, *, whole: bool = False) -> list[Mapping[str, Any]]:
    """The last hook events of the run, or with ``whole`` all of them, oldest first."""
    try:
        return last_objects(_path(scene), None if whole else _TAIL)
    except OSError:
        return []


def took_prompt_since(scene: Scene, since: float) -> bool:
    """Whether a hook told of a prompt, not one for a sub-agent, at or after ``since``."""
    return any(
        event.get("event") == "UserPromptSubmit" and not event.get("agent") and event.get("at", 0.0) >= since
        for event in read_told(scene)
    )


def _path(scene: Scene) -> str:
    return f"{scene.directory}/hooks.jsonl"
