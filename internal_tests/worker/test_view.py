"""What whoever attaches to a headless run sees of output that nobody can read so fast."""

import os

import pytest

from agency.worker.view import View


def test_of_a_flood_the_first_lines_are_shown_and_the_last_and_how_many_were_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(os, "write", lambda fd, data: shown.append(data.decode()))
    monkeypatch.setattr("time.monotonic", lambda: 100.5)
    view = View({})
    view.lines([f"line {number}" for number in range(150)])
    view.lines([f"line {number}" for number in range(150, 1000)])
    view.lines(["the end", "x" * 1000])
    assert shown == [f"line {number}\n" for number in range(200)]
    view.flush()
    assert shown[200:] == [
        "[agency] 797 more lines are in the log\n",
        *(f"line {number}\n" for number in (997, 998, 999)),
        "the end\n",
        f"{'x' * 400}...\n",
    ]
