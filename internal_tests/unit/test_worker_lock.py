"""The lock by which a run has one worker."""

import os
import subprocess
import sys
from pathlib import Path

from agency.store.jobs import worker_lock

HOLDS = """
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(fd, fcntl.LOCK_EX)
if os.fork() == 0:
    time.sleep(0.3)
    os._exit(0)
os.kill(os.getpid(), 9)
"""
"""A worker that is killed while a child of it has not begun its program yet."""


def test_the_child_of_a_killed_worker_that_has_not_begun_its_program_keeps_nobody_out(tmp_path: Path) -> None:
    lock = tmp_path / "worker.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(lock)]) as killed:
        assert killed.wait(10) == -9
        with worker_lock(str(tmp_path)) as alone:
            assert alone


def test_a_second_worker_is_none(tmp_path: Path) -> None:
    with worker_lock(str(tmp_path)) as first:
        assert first
        with worker_lock(str(tmp_path)) as second:
            assert not second
    assert os.path.exists(tmp_path / "worker.lock")
