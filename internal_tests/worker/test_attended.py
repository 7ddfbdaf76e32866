"""A program that is watched ends with whoever watches it, and so does what it started, however early that was killed."""

import subprocess
import sys
import time

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

WATCHES = """
import os, sys, time
from agency.tools.process import Attended
Attended(("sh", "-c", f"sleep 641 & touch {sys.argv[1]}; wait"), env=os.environ, cwd="/", typed=None)
time.sleep(60)
"""


def test_nothing_outlives_a_watcher_that_is_killed_as_soon_as_its_program_runs(world: World) -> None:
    for number in range(5):
        flag = world.root / f"runs-{number}"
        watcher = subprocess.Popen([sys.executable, "-c", WATCHES, str(flag)], env=world.env)
        deadline = time.monotonic() + 30.0
        while not flag.exists() and time.monotonic() < deadline:
            pass  # any pause would be time for it to make good what it has missed
        watcher.kill()
        watcher.wait()
    wait_for(lambda: not world.processes(), "everything that was started to end")
