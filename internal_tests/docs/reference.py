"""The parts of README.md that are made from the program: the command reference and the table of error codes.

python -m internal_tests.docs.reference            check them; exit code 1 when they are not current
python -m internal_tests.docs.reference --write    bring them up to date
"""

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from agency.cli.main import agency
from agency.domain.errors import ERRORS

README = Path(__file__).resolve().parents[2] / "README.md"
WIDTH = 98
"""Columns of a help text, as on any terminal of at least 100."""
_REMEDY = "python -m internal_tests.docs.reference --write"


def commands(command: click.Command = agency, parent: click.Context | None = None) -> Iterator[click.Context]:
    """A context for every command and group, in the order of the help."""
    settings = {**command.context_settings, "terminal_width": WIDTH}
    context = click.Context(command, info_name=command.name, parent=parent, **settings)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            yield from commands(child, context)


def command_reference() -> str:
    """The help text of every command, as markdown."""
    return "\n\n".join(
        f"### {context.command_path}\n\n```\n{context.get_help().rstrip()}\n```" for context in commands()
    )


def error_table() -> str:
    """Every error code with its meaning and exit code, as markdown."""
    rows = [f"| `{code}` | {kind.meaning} | {kind.exit_code} |" for code, kind in ERRORS.items()]
    return "\n".join(["| code | meaning | exit code |", "|---|---|---|", *rows])


def render(readme: str) -> str:
    """``readme`` with its generated parts brought up to date. Raises ValueError when a marker is missing."""
    for part, content in (("reference", command_reference()), ("errors", error_table())):
        begin, end = f"<!-- {part}:begin -->", f"<!-- {part}:end -->"
        before, found, rest = readme.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"README.md lacks the lines {begin} and {end}, in this order")
        readme = f"{before}{begin}\n\n{content}\n\n{end}{after}"
    return readme


def complaint(readme: Path) -> str:
    """What is not current in the file and how to mend it; empty when all is well."""
    try:
        old = readme.read_text(encoding="utf-8")
        new = render(old)
    except FileNotFoundError:
        return f"{readme} is not there"
    except ValueError as error:
        return str(error)
    if old == new:
        return ""
    changes = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "README.md", "as the program is", lineterm="", n=1
    )
    return "\n".join([f"README.md is not current; mend it with: {_REMEDY}", *changes])


def main() -> int:
    """Check README.md, or with ``--write`` rewrite it."""
    if sys.argv[1:] == ["--write"]:
        README.write_text(render(README.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    said = complaint(README)
    if said:
        print(said, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
