"""Running the installed ``agency`` so that it dies by SIGKILL at a chosen step, and telling which steps there are."""

import re
import signal
from dataclasses import dataclass
from pathlib import Path

from internal_tests.support.world import World

_KILLER = Path(__file__).resolve().parent / "killer"
_READ_ONLY = (
    ("git", ("config", "status", "rev-parse", "rev-list", "merge-base", "merge-tree", "cherry", "diff", "patch-id")),
    ("git", ("log", "for-each-ref", "worktree list", "symbolic-ref")),
    ("tmux", ("list-panes",)),
)


@dataclass(frozen=True)
class Step:
    """One durable step: its number from 1, its kind, and what it is done to, free of what differs from run to run."""

    number: int
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.number}: {self.kind} {self.what[:150]}"

    @property
    def starts_a_program(self) -> bool:
        """Whether a program was just started."""
        return self.kind == "spawned"

    @property
    def only_looks(self) -> bool:
        """Whether the program just started changes nothing."""
        return any(
            f"{program} " in self.what and f" {word} " in f"{self.what} "
            for program, words in _READ_ONLY
            for word in words
        )


@dataclass(frozen=True)
class Ended:
    """How a call of agency ended, and the steps that it came to."""

    killed: bool
    code: int
    said: str
    steps: list[Step]


def run_until(world: World, words: tuple[str, ...], *, at: int = 0, how: str = "alone") -> Ended:
    """Run agency; at step ``at`` it is killed (0: never). ``how``: see :mod:`killer.sitecustomize`."""
    trace = world.root / "trace"
    trace.unlink(missing_ok=True)
    temporary = world.root / "tmp"
    temporary.mkdir(exist_ok=True)
    result = world.agency(
        *words,
        env={
            "PYTHONPATH": str(_KILLER),
            "TMPDIR": str(temporary),
            "AGENCY_CHAOS_TRACE": str(trace),
            "AGENCY_CHAOS_AT": str(at),
            "AGENCY_CHAOS_HOW": how,
        },
    )
    lines = trace.read_text(errors="surrogateescape").splitlines() if trace.exists() else []
    steps = [_step(world, number, line) for number, line in enumerate(lines, 1)]
    return Ended(
        killed=result.code == -signal.SIGKILL, code=result.code, said=(result.out + result.err).strip(), steps=steps
    )


def _step(world: World, number: int, line: str) -> Step:
    kind, _, what = line.partition(" ")
    what = what.replace(str(world.root), "~")
    what = re.sub(r"(-c \S+=\S+ )+", "", what)
    what = re.sub(r"\d{14}-[0-9a-f]{4}", "RUN", what)
    what = re.sub(r"/repos/[0-9a-f]{16}", "/repos/REPO", what)
    what = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", what)
    what = re.sub(r"\.\d+\.tmp\b", ".PID.tmp", what)
    what = re.sub(r"~/tmp/(agency-index-)?\w+", r"~/tmp/\1TEMPORARY", what)
    what = re.sub(r"^\d+ (\d+)$", r"PID \1", what)
    what = re.sub(r"-[0-9a-f]{4}\b", "-XXXX", what)
    return Step(number, kind, what)
