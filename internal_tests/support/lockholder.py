"""Another process that holds the lock of a repo for as long as a test wants."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_HOLD = """
import sys
from agency.store.locks import repo_lock
with repo_lock(sys.argv[1], command="agency elsewhere", timeout=0.0, tell=print):
    sys.stdin.read()
"""


@contextmanager
def lock_held(world: World) -> Iterator["subprocess.Popen[bytes]"]:
    """Hold the lock of the world's only repo in another process (yielded) during the block."""
    (repo,) = world.data.glob("repos/*")
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(repo / ".lock")], env=world.env, stdin=subprocess.PIPE, cwd="/"
    )
    assert holder.stdin is not None
    try:
        wait_for(lambda: _held_by(repo / ".lock.holder") == holder.pid, "the lock to be held")
        yield holder
    finally:
        holder.stdin.close()
        holder.wait(timeout=20)


def _held_by(path: object) -> int:
    try:
        with open(str(path), encoding="utf-8") as file:
            return int(json.load(file)["pid"])
    except (OSError, ValueError):
        return 0
