"""The lock by which a run has one worker and a plan one conductor."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agency.store import pidlock
from agency.store.pidlock import pid_lock, pid_lock_holder
from agency.store.plans import conductor_lock, conductor_of

KILLED = """
import os, sys
from agency.store.pidlock import pid_lock
with pid_lock(sys.argv[1], what="the test", command="test"):
    if os.fork() == 0:
        os.read(0, 1)
        os._exit(0)
    os.kill(os.getpid(), 9)
"""
"""A holder that is killed while a child of it has not begun its program yet; that waits for the end of standard input."""


@contextmanager
def killed_holder(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(lock)], stdin=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.wait(10) == -9
        yield holder
        holder.stdin.close()


def test_the_child_of_a_killed_holder_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    waited = []
    with killed_holder(lock) as holder:

        def child_begins(seconds: float) -> None:
            waited.append(seconds)
            assert holder.stdin is not None
            holder.stdin.close()

        monkeypatch.setattr(time, "sleep", child_begins)
        with pid_lock(str(lock), what="the test", command="test") as fd:
            assert fd is not None
            assert pid_lock_holder(str(lock)) == os.getpid()
    assert waited


def test_what_a_killed_holder_left_is_no_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pidlock, "_MOMENT", 0.05)
    lock = tmp_path / "lock"
    with killed_holder(lock):
        assert pid_lock_holder(str(lock)) is None
        with pid_lock(str(lock), what="the test", command="test") as fd:
            assert fd is None, "held by nobody that can be asked, but held"


def test_nobody_waits_for_a_living_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("waited"))
    lock = str(tmp_path / "lock")
    with pid_lock(lock, what="the test", command="test") as first:
        assert first is not None
        assert pid_lock_holder(lock) == os.getpid()
        with pid_lock(lock, what="the test", command="test") as second:
            assert second is None
        assert pid_lock_holder(lock) == os.getpid()
    assert pid_lock_holder(lock) is None


def test_who_only_looks_at_the_lock_of_a_conductor_makes_none(tmp_path: Path) -> None:
    assert conductor_of(str(tmp_path)) is None
    assert not os.listdir(tmp_path)
    with conductor_lock(str(tmp_path), "agency plan run"):
        assert conductor_of(str(tmp_path)) == os.getpid()
