"""A group of commands that imports a command when it is used, so that each starts fast."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands are named in ``table``, each with its line in the help: the module of that name in ``package``
    (a hyphen in the name is an underscore there) holds it as ``command``."""

    def __init__(self, *args: Any, table: Mapping[str, str], package: str, **named: Any) -> None:
        super().__init__(*args, **named)
        self.table, self.package = table, package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there is none of that name."""
        if cmd_name not in self.table:
            return None
        command = import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As usual, with the nearest commands named when there is none of that name."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.table:
            from agency.domain.reference import nearest

            close = nearest(name, list(self.table))
            raise click.UsageError(
                f"there is no command {name}" + (f"; did you mean {' or '.join(close)}?" if close else ""), ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))
