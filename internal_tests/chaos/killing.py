"""Running ``agency`` so that it dies by SIGKILL at a chosen step, and telling which steps there are."""

import re
import signal
from dataclasses import dataclass

from internal_tests.support.forkserver import KILLER
from internal_tests.support.world import World


@dataclass(frozen=True)
class Step:
    """One durable step: its number from 1, its kind, what it is done to, free of what differs from run to run, and where it was
    asked for, which lines of agency take it."""

    number: int
    kind: str
    what: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.number}: {self.kind} {self.what[:150]}"


@dataclass(frozen=True)
class Ended:
    """How a call of agency ended, and the steps that it came to."""

    killed: bool
    code: int
    said: str
    steps: list[Step]


def under_killer(world: World, *, at: int = 0, how: str = "alone") -> dict[str, str]:
    """The variables that make a call of agency count its steps and die at step ``at`` (0: never). ``how``: see
    ``killer/sitecustomize.py``."""
    (world.root / "trace").unlink(missing_ok=True)
    (world.root / "tmp").mkdir(exist_ok=True)
    return {
        "PYTHONPATH": str(KILLER),
        "TMPDIR": str(world.root / "tmp"),
        "AGENCY_CHAOS_TRACE": str(world.root / "trace"),
        "AGENCY_CHAOS_AT": str(at),
        "AGENCY_CHAOS_HOW": how,
    }


def run_until(world: World, words: tuple[str, ...], *, at: int = 0, how: str = "alone") -> Ended:
    """Run agency; at step ``at`` it is killed (0: never)."""
    result = world.agency(*words, env=under_killer(world, at=at, how=how))
    trace = world.root / "trace"
    lines = trace.read_text(errors="surrogateescape").splitlines() if trace.exists() else []
    return Ended(
        killed=result.code == -signal.SIGKILL,
        code=result.code,
        said=(result.out + result.err).strip(),
        steps=[read_step(world, number, line) for number, line in enumerate(lines, 1)],
    )


def read_step(world: World, number: int, line: str) -> Step:
    """The step of a line that the killer wrote down."""
    text, _, place = line.partition("\t")
    kind, _, what = text.partition(" ")
    what = what.replace(str(world.root), "~")
    what = re.sub(r"(-c \S+=\S+ )+", "", what)
    what = re.sub(r"\d{14}-[0-9a-f]{4}", "RUN", what)
    what = re.sub(r"/repos/[0-9a-f]{16}", "/repos/REPO", what)
    what = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", what)
    what = re.sub(r"\.\d+\.tmp\b", ".PID.tmp", what)
    what = re.sub(r"~/tmp/(agency-index-)?\w+", r"~/tmp/\1TEMPORARY", what)
    what = re.sub(r"^\d+ (\d+)$", r"PID \1", what)
    what = re.sub(r"-[0-9a-f]{4}\b", "-XXXX", what)
    return Step(number, kind, what, place)
