"""Timing programs against each other, in turns, so that noise of the machine hits all of them alike."""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Timed = Callable[[int], float]
"""Does one thing, in round number n, and returns the seconds that it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: the medians, in seconds, of a command and of what it is held against."""

    what: str
    against: str
    seconds: float
    base: float
    wanted: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as long."""
        return self.seconds / self.base

    @property
    def verdict(self) -> str:
        """Whether it is as fast as wanted."""
        if self.wanted is None:
            return ""
        return "ok" if self.ratio <= self.wanted else "SLOW"


def in_turns(variants: Mapping[str, Timed], rounds: int) -> dict[str, float]:
    """The median seconds of each variant over that many rounds, after two rounds that only warm up."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(-2, rounds):
        for name, timed in variants.items():
            seconds = timed(number)
            if number >= 0:
                taken[name].append(seconds)
    return {name: statistics.median(each) for name, each in taken.items()}


def program(argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> Timed:
    """Runs a program to its end; it must succeed."""

    def timed(number: int) -> float:
        started = time.perf_counter()
        done = subprocess.run(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True)
        seconds = time.perf_counter() - started
        assert done.returncode == 0, f"{argv}: {done.stderr.decode()}"
        return seconds

    return timed


def one_after_the_other(*parts: Timed) -> Timed:
    """Does all of ``parts``."""
    return lambda number: sum(part(number) for part in parts)


def table(rows: Sequence[Row]) -> str:
    """The rows for people."""
    cells = [("WHAT", "MS", "AGAINST", "MS", "RATIO", "WANTED", "")]
    cells += [
        (
            row.what,
            f"{row.seconds * 1000:.1f}",
            row.against,
            f"{row.base * 1000:.1f}",
            f"{row.ratio:.2f}",
            f"{row.wanted:g}" if row.wanted is not None else "",
            row.verdict,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in (1, 3, 4, 5) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
