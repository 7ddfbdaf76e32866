"""How results are printed: ``key: value`` lines or a table for people, one envelope for programs."""

import sys
from collections.abc import Iterable, Mapping, Sequence

SCHEMA_VERSION = "1.0"


def print_json(key: str, value: object) -> None:
    """Print the envelope with ``data`` or ``error``."""
    import json

    print(json.dumps({"schema_version": SCHEMA_VERSION, key: value}, indent=2, default=str))


def print_pairs(pairs: Mapping[str, object]) -> None:
    """Print ``key: value`` lines."""
    for key, value in pairs.items():
        print_line(f"{key}: {value}")


def print_line(text: str) -> None:
    """Print one line on standard output, whatever bytes a path in it is made of."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
    sys.stdout.buffer.flush()


def note(text: str) -> None:
    """Say something to the user that is not the result."""
    print(text, file=sys.stderr, flush=True)


def show_output(chunk: bytes) -> None:
    """Stream the output of a script on standard error."""
    sys.stderr.flush()
    sys.stderr.buffer.write(chunk)
    sys.stderr.buffer.flush()


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with columns two spaces apart, as wide as their content."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def shorten(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
