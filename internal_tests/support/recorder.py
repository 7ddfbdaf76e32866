"""A runner that writes down what it was started with, byte for byte, and then waits for input."""

import json
import sys
from pathlib import Path

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun

_PROGRAM = """
import os, sys
def whole(items):
    return b"\\0".join(items)
place = os.environ["AGENCY_OUTPUT_DIR"]
for name, items in (
    ("argv", [os.fsencode(word) for word in sys.argv[1:]]),
    ("environ", [key + b"=" + value for key, value in os.environb.items()]),
):
    with open(f"{place}/{name}.new", "wb") as file:
        file.write(whole(items))
    os.replace(f"{place}/{name}.new", f"{place}/{name}")
print("recorded", flush=True)
for line in sys.stdin:
    pass
"""


def recorder_config(more: str = "", keys: str = "") -> str:
    """An agency.yaml whose default runner is the recorder. ``keys`` are further keys of the runner, in flow style."""
    command = json.dumps([sys.executable, "-c", _PROGRAM])
    return f"version: 1\ndefaults: {{runner: recorder}}\nrunners:\n  recorder: {{command: {command}{keys}}}\n{more}"


def recorded_argv(run: SeenRun) -> list[bytes]:
    """The words the runner was given after its program."""
    content = _recorded(run, "argv")
    return content.split(b"\0") if content else []


def recorded_environment(run: SeenRun) -> dict[str, str]:
    """The environment the runner saw; bytes that are not UTF-8 as surrogates."""
    items = [item.decode("utf-8", "surrogateescape") for item in _recorded(run, "environ").split(b"\0")]
    return dict(item.split("=", 1) for item in items)


def _recorded(run: SeenRun, name: str) -> bytes:
    path: Path = run.worktree / ".agency" / "out" / name
    wait_for(path.exists, f"the runner to write {name}")
    return path.read_bytes()
