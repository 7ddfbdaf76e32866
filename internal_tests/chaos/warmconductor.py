"""The conductor of a plan with its modules loaded already: a process that forks for each call of ``agency plan``, which may be
told to die at one of its durable steps, or at one of a deed of its own.

    python -m internal_tests.chaos.warmconductor    serves calls on the socket that is its standard input
"""

import fcntl
import mmap
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from internal_tests.support.forkserver import Traced, become_traced, load_killer, serve

_MODULES = (
    "agency.cli.main",
    *(f"agency.cli.commands.{part}" for part in ("plan", "plan.run", "plan.resume")),
    *(f"agency.plans.{part}" for part in ("drive", "table", "start")),
    *("filelock", "psutil", "libtmux"),
)

Target = tuple[str, str, int]
"""The kind of a step, the lines of agency that take it, and how often one has come to it when it counts."""


@dataclass(frozen=True)
class ConductorEnd:
    """How a conductor ended (negative: the signal), what it showed, and the durable steps that it and its deeds came to, in the
    order in which they did."""

    code: int
    shown: str
    steps: list[str]


class WarmConductor(Traced):
    """The client."""

    def __init__(self) -> None:
        super().__init__("internal_tests.chaos.warmconductor")

    def conduct(
        self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], at: Sequence[Target] = ()
    ) -> ConductorEnd:
        """Be ``agency WORDS``; it is killed when it, or a deed of it, comes to the first of the steps ``at``."""
        call = {"words": list(words), "cwd": str(cwd), "env": dict(env), "at": list(at)}
        return ConductorEnd(*self.traced(call, Path(env["AGENCY_TEST_ROOT"])))


def _be_conductor(call: dict[str, Any], files: list[int]) -> None:
    """Be the conductor."""
    become_traced(call)
    os.chdir(call["cwd"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["agency", *call["words"]]
    _kills(_KILLER, call["trace"], call["at"])
    from agency.cli.main import main

    main()


def _kills(killer: ModuleType, trace: str, at: list[list[Any]]) -> None:
    """Begin to count the steps of this process and of its forks; the first that comes to one of ``at`` ends them all."""
    conductor, met = os.getpid(), mmap.mmap(-1, max(1, len(at)) * 4)
    places = {(kind, place): (number * 4, times) for number, (kind, place, times) in enumerate(at)}

    class OfAll(killer.Killer):  # type: ignore[name-defined, misc]
        """Counts for all, and ends the conductor first: what it has forked ends with it."""

        def step(self, kind: str, *what: object) -> bool:
            place = killer._place().partition(" plans/drive.py")[0].partition(" cli/")[0]
            line = f"{kind} {' '.join(str(part) for part in what)}".replace("\n", " ").replace("\t", " ")
            fcntl.lockf(self._trace, fcntl.LOCK_EX)
            try:
                self._write(self._trace, f"{line}\t{place}\n".encode("utf-8", "surrogateescape"))
                if (kind, place) not in places:
                    return False
                offset, times = places[kind, place]
                count = int.from_bytes(met[offset : offset + 4], "big") + 1
                met[offset : offset + 4] = count.to_bytes(4, "big")
            finally:
                fcntl.lockf(self._trace, fcntl.LOCK_UN)
            if count != times:
                return False
            if kind not in ("torn", "spawned"):
                self.end()
            return True

        def end(self) -> None:
            self._busy = True
            os.kill(conductor, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    OfAll(trace, 0, "alone", places=True).install()


if __name__ == "__main__":
    _KILLER = load_killer()
    serve(_MODULES, _be_conductor)
