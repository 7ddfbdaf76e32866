"""``python -m internal_tests.support.leftovers DIRECTORY``: end what interrupted tests left running in worlds under it."""

import sys
from pathlib import Path

import psutil

from agency.domain.testguard import TEST_ROOT_VARIABLE


def find_leftovers(directory: Path) -> list[psutil.Process]:
    """The living processes that belong to a world under ``directory``."""
    found = []
    for process in psutil.process_iter():
        try:
            root = process.environ().get(TEST_ROOT_VARIABLE, "")
            if directory in Path(root).parents and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def main() -> int:
    """End them, name them, and return 1 if there were any."""
    left = find_leftovers(Path(sys.argv[1]))
    for process in left:
        try:
            print(f"left behind and ended: {process.pid} {' '.join(process.cmdline())[:150]}", file=sys.stderr)
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(left, timeout=10)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
