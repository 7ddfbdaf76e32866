"""Showing on a terminal that something takes its time; silent in a pipe and for the first second."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_AFTER = 1.0


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show ``what`` with a spinner on standard error while the block runs, once it has run for a second."""
    if not sys.stderr.isatty():
        yield
        return
    import threading

    finished = threading.Event()

    def show() -> None:
        if finished.wait(_AFTER):
            return
        from rich.console import Console

        with Console(stderr=True).status(what):
            finished.wait()

    shower = threading.Thread(target=show, daemon=True)
    shower.start()
    try:
        yield
    finally:
        finished.set()
        shower.join()
