"""Threads that each read a config, as those of ``agency resume --all``."""

import subprocess
import sys
from pathlib import Path

_FIRST_OF_ALL = """
import sys
from threading import Barrier, Thread

from agency.config.file import read_repo_file

sys.setswitchinterval(1e-6)
together = Barrier(8)


def read():
    together.wait()
    read_repo_file(sys.argv[1])


threads = [Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_may_be_the_first_to_read_a_config(repo: Path) -> None:
    file = repo / "agency.yaml"
    file.write_text("version: 1\nrunners:\n  demo: {command: [demo]}\n")
    for _ in range(8):
        done = subprocess.run([sys.executable, "-c", _FIRST_OF_ALL, str(file)], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
