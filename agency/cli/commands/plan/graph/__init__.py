"""agency plan graph"""

import click

from agency.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "info": "What is known of the commit.",
    "components": "List the components.",
    "component": "Show one component.",
    "owner": "The component that a path belongs to.",
    "deps": "The components that one needs.",
    "rdeps": "The components that need one.",
    "blast": "How far a change reaches.",
    "locks": "The locks that follow from the files a task may write.",
    "tier": "How much is at stake with a change, and which doctor judges it.",
    "search": "Look for text, by component.",
}
"""Command (and module of this package) -> its line in the help, in the order of use."""


@click.group("graph", cls=LazyGroup, table=COMMANDS, package=__name__, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the components of the repo and what follows from them for locks and checks.

    Components are those of control_plane in plan.yaml, then packages (package.json, pyproject.toml, go.mod, Cargo.toml), then the
    other folders at the top. What is left belongs to a component of its own, so that every path has an owner. All of it is read
    from a commit. Paths are relative to the top of the repo.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
