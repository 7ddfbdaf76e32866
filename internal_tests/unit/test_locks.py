"""The lock of a repo: one holder at a time, freed with its holder, never in the way of one who comes after a crash."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agency.domain.errors import AgencyError
from agency.store.locks import repo_lock

HOLD = """
import subprocess, sys
from agency.store.locks import repo_lock
with repo_lock(sys.argv[1], command="agency elsewhere", timeout=0.0, tell=print) as lock:
    if len(sys.argv) > 2:
        subprocess.Popen(["sh", "-c", "read line"], pass_fds=[lock.fd])
    print("held", flush=True)
    sys.stdin.read()
"""
COUNT = """
import sys
from agency.store.locks import repo_lock
path, counter = sys.argv[1:]
for _ in range(40):
    with repo_lock(path, command="agency count", timeout=60.0, tell=lambda text: None):
        number = int(open(counter).read())
        open(counter, "w").write(str(number + 1))
"""


@contextmanager
def holder(path: Path, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock until its standard input is closed."""
    words = [sys.executable, "-c", HOLD, str(path), *more]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def take(path: Path, *, timeout: float, told: list[str] | None = None) -> None:
    """Take the lock and let go of it."""
    with repo_lock(str(path), command="agency test", timeout=timeout, tell=(told if told is not None else []).append):
        pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The lock file of a repo that has none yet."""
    return tmp_path / "repos" / "0" / ".lock"


def test_who_holds_it_stands_beside_it_while_it_is_held(path: Path) -> None:
    with repo_lock(str(path), command="agency run", timeout=0.0, tell=print):
        told = json.loads(Path(f"{path}.holder").read_text())
        assert told["command"] == "agency run"
        assert set(told) == {"pid", "command", "since"}
    assert not Path(f"{path}.holder").exists()
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_can_be_taken_again_and_again(path: Path) -> None:
    for _ in range(3):
        take(path, timeout=0.0)


def test_a_second_process_is_refused_with_the_name_of_the_first(path: Path) -> None:
    with holder(path) as process, pytest.raises(AgencyError) as failure:
        take(path, timeout=0.0)
    assert failure.value.code == "E_REPO_LOCKED"
    assert f"agency elsewhere (pid {process.pid}, since " in failure.value.message
    assert "--lock-timeout" in str(failure.value.hint)


def test_a_second_thread_waits_too(path: Path) -> None:
    with repo_lock(str(path), command="agency run", timeout=0.0, tell=print), pytest.raises(AgencyError):
        take(path, timeout=0.05)


def test_waiting_ends_when_the_holder_lets_go(path: Path) -> None:
    with holder(path) as process:
        assert process.stdin is not None
        threading.Timer(0.2, process.stdin.close).start()
        take(path, timeout=60.0)


def test_the_wait_is_told_once_after_a_second(path: Path) -> None:
    told: list[str] = []
    with holder(path) as process, pytest.raises(AgencyError):
        take(path, timeout=1.3, told=told)
    assert len(told) == 1
    assert f"held by agency elsewhere (pid {process.pid}" in told[0]


def test_a_short_wait_is_not_told(path: Path) -> None:
    told: list[str] = []
    with holder(path), pytest.raises(AgencyError):
        take(path, timeout=0.3, told=told)
    assert told == []


def test_the_wait_takes_as_long_as_it_may_and_no_longer(path: Path) -> None:
    begun = time.monotonic()
    with holder(path):
        begun = time.monotonic()
        with pytest.raises(AgencyError):
            take(path, timeout=0.4)
        assert time.monotonic() - begun >= 0.4


def test_a_killed_holder_frees_it_at_once(path: Path) -> None:
    with holder(path) as process:
        process.kill()
        process.wait()
        assert Path(f"{path}.holder").exists(), "the note of the dead holder is part of the test"
        take(path, timeout=0.0)


def test_a_child_that_shares_the_lock_keeps_it_after_its_parent_was_killed(path: Path) -> None:
    with holder(path, "with a child") as process:
        process.kill()
        process.wait()
        with pytest.raises(AgencyError):
            take(path, timeout=0.1)
        assert process.stdin is not None
        process.stdin.close()
        take(path, timeout=60.0)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": 1}', "\x00"])
def test_a_note_that_cannot_be_read_is_no_hindrance(path: Path, note: str) -> None:
    with holder(path):
        Path(f"{path}.holder").write_text(note)
        with pytest.raises(AgencyError, match="locked by another command"):
            take(path, timeout=0.0)


def test_an_error_inside_frees_it(path: Path) -> None:
    with pytest.raises(KeyError), repo_lock(str(path), command="agency run", timeout=0.0, tell=print):
        raise KeyError
    take(path, timeout=0.0)


def test_a_lock_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AgencyError) as failure:
        take(tmp_path / "file" / ".lock", timeout=0.0)
    assert failure.value.code == "E_STORE_FAILED"


def test_many_at_once_take_turns(path: Path, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    words = [sys.executable, "-c", COUNT, str(path), str(counter)]
    counters = [subprocess.Popen(words) for _ in range(4)]
    assert [process.wait(timeout=120) for process in counters] == [0] * 4
    assert counter.read_text() == "160"
