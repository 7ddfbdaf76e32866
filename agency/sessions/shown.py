"""Started by tmux beside the pane of an agent that chooses the ids of its conversations, with all that the pane prints on
standard input: keeps the first id that comes, so that it outlives the tmux server, and ends.

    python -m agency.sessions.shown DIRECTORY LAUNCH
"""

import os
import re
import sys

from agency.domain.thread import last_thread_id
from agency.store.launches import read_launch, write_shown_thread

_STYLE = re.compile(rb"\x1b\[[0-9;:]*m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]")
_BREAK = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]+")
"""What moves the cursor elsewhere: before and after it stand different lines."""
_LONGEST_LINE = 16384


def main(directory: str, number: int) -> None:
    """Read until a whole line shows an id of the launch, or until the pane is gone."""
    launch = read_launch(directory)
    if launch is None or launch.number != number:
        return
    rest = b""
    while chunk := os.read(0, 65536):
        *lines, rest = _BREAK.split(_STYLE.sub(b"", rest + chunk))
        rest = rest[-_LONGEST_LINE:]
        for line in lines:
            found = last_thread_id(launch.thread_pattern, line.decode("utf-8", "replace").rstrip())
            if found is not None:
                write_shown_thread(directory, number, found)
                return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
