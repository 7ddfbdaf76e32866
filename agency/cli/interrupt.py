"""Commands that go on until they are told to stop."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from agency.domain.errors import EXIT_INTERRUPTED


@contextmanager
def until_interrupted() -> Iterator[None]:
    """End the command without a word when Ctrl-C or a signal ends the block."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
