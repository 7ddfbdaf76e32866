"""The standard streams: there even when the caller closed them, and let go of when nobody can take the output."""

import os
import sys


def require_streams() -> None:
    """Connect those of the standard streams that the caller closed, as some daemons do, to nothing.

    Otherwise the next file that is opened would be taken for one of them by every program we start.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            stream = os.fdopen(descriptor, mode, encoding="utf-8", errors="replace")
            setattr(sys, name, stream)


def let_go_of_output() -> None:
    """Drop output that can no longer be written, so that the interpreter does not complain of it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
