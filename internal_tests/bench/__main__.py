"""``python -m internal_tests.bench``: print how fast the commands are, as ratios to what they cannot avoid.

The ratios are of one run on one machine; nothing is asserted. ``WORD``: only the measurements whose name contains it.
"""

import argparse
import os
import platform
import subprocess

from internal_tests.bench.cases import CASES
from internal_tests.bench.measure import table

_LEAST = 15


def _version(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="internal_tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help=f"how often each is timed, at least {_LEAST}")
    parser.add_argument("word", nargs="*", help=f"one of {', '.join(CASES)}")
    options = parser.parse_args()
    rounds = max(_LEAST, options.rounds)
    chosen = [case for name, case in CASES.items() if not options.word or any(word in name for word in options.word)]
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    print(f"Python {platform.python_version()}, {_version('tmux', '-V')}, {_version('git', '--version')}")
    print(f"{os.cpu_count()} processors, load {load}; medians of {rounds} rounds, in turns\n")
    print(table([row for case in chosen for row in case(rounds)]))


if __name__ == "__main__":
    main()
