"""Ending a tree of processes, from a process that lives so long that their numbers come round."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agency.tools.processtree import end_tree, find_tree

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
ATTEMPTS = 200


@contextmanager
def _sleeping() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _sleeping_as(pid: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process with that number, for which others may be quicker."""
    for _ in range(ATTEMPTS):
        LAST_PID.write_text(str(pid - 1))
        with _sleeping() as process:
            if process.pid == pid:
                yield process
                return
    pytest.fail(f"{pid} was never given to a new process")


def test_a_process_is_ended_whose_number_was_anothers_when_it_was_looked_at_before() -> None:
    try:
        LAST_PID.write_text(LAST_PID.read_text())
    except OSError:
        pytest.skip("the numbers of processes cannot be chosen here")
    with _sleeping() as first:
        assert [one.pid for one in find_tree([first.pid], None)] == [first.pid]
    with _sleeping_as(first.pid) as second:
        assert end_tree([second.pid], None, grace=5.0) == []
        assert second.wait(10) == -15
