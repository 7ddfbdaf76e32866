"""The id of a conversation, found in all that a pane prints."""

import os
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from agency.domain.launch import Launch
from agency.store.launches import launch_directory, read_shown_thread, write_launch
from agency.store.records import make_directory

LAUNCH = Launch(
    number=3,
    socket="x",
    runner="mine",
    agent="mine",
    worktree="/work",
    started_at="",
    epoch=0.0,
    grace=0.0,
    boot_id="",
    thread_pattern=r"conversation: (\S+)$",
)


def kept(directory: Path, *printed: bytes, number: int = 3) -> str | None:
    """What is kept when a pane prints ``printed``, a piece at a time, and then goes."""
    write_launch(str(directory), LAUNCH)
    make_directory(launch_directory(str(directory), 3))
    words = [sys.executable, "-I", "-m", "agency.sessions.shown", str(directory), str(number)]
    with Popen(words, stdin=PIPE, stderr=PIPE) as reader:
        assert reader.stdin is not None and reader.stderr is not None
        for piece in printed:
            try:
                os.write(reader.stdin.fileno(), piece)
            except BrokenPipeError:
                break
        reader.stdin.close()
        assert reader.stderr.read() == b""
    assert reader.returncode == 0
    return read_shown_thread(str(directory), 3)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ([b"hello\r\nconversation: abc\r\nmore"], "abc"),
        ([b"conver", b"sation: a", b"bc\r\n"], "abc"),
        ([b"\x1b[1mconversation: \x1b[32mabc\x1b[0m\r\n"], "abc"),
        ([b"\x1b[1mconversation: \x1b[3", b"2mabc\x1b[0m\r\n"], "abc"),
        ([b"\x1b[5;1Hconversation: abc\x1b[6;1Hmore"], "abc"),
        ([b"conversation: abc\r\nconversation: def\r\n"], "abc"),
        ([b"conversation: --yolo\r\nconversation: def\r\n"], "def"),
        ([b"conversation: half an i"], None),
        ([b"x" * 100_000, b"\xff\xfe\r\n"], None),
        ([], None),
    ],
)
def test_the_first_whole_line_with_an_id_counts(tmp_path: Path, printed: list[bytes], expected: str | None) -> None:
    assert kept(tmp_path, *printed) == expected


def test_the_reader_of_an_earlier_launch_keeps_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path, b"conversation: abc\r\n", number=2) is None
