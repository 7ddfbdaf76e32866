"""The demo agent as a runner that the config alone describes: with conversations, states and headless work."""

import json
import sys
from typing import Any

from internal_tests.support.world import DEMO_AGENT

WHOLE: dict[str, Any] = {
    "command": [sys.executable, DEMO_AGENT],
    "start": ["--thread", "{thread_id}", "{prompt}"],
    "resume": ["--resume", "{thread_id}"],
    "fork": ["--fork", "{thread_id}", "--thread", "{new_thread_id}", "{prompt}"],
    "headless": ["--headless", "--thread", "{thread_id}"],
    "headless_resume": ["--headless", "--resume", "{thread_id}", "{prompt}"],
    "state_patterns": {
        "working": ["^\\* working on (.*)"],
        "waiting": ["^\\* asks: (.*\\[y/n\\])$"],
        "done": ["^demo>$"],
    },
}
LEARNED: dict[str, Any] = {
    **WHOLE,
    "start": ["--new", "{prompt}"],
    "fork": ["--fork", "{thread_id}", "{prompt}"],
    "headless": ["--headless", "--new", "{prompt}"],
    "thread_pattern": "^conversation: (\\S+)$",
}
"""The same, where the agent chooses the ids and prints them."""


def config(runner: dict[str, Any] = WHOLE, *, grace: str = "100ms", **changes: Any) -> str:
    """An agency.yaml whose default runner ``demo`` is ``runner`` with ``changes``; a change to None takes a key away."""
    described = {key: value for key, value in {**runner, **changes}.items() if value is not None}
    return json.dumps(
        {
            "version": 1,
            "defaults": {"runner": "demo"},
            "runners": {"demo": described},
            "session": {"startup_grace": grace},
        }
    )
