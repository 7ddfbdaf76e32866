"""agency plan graph rdeps"""

import click

from agency.cli.graph import Where, graph_options, open_graph
from agency.cli.output import print_json, print_line


@click.command("rdeps", short_help="The components that need one.")
@click.argument("component_id", metavar="ID")
@click.option("--transitive", is_flag=True, help="Those that are further away too.")
@graph_options
def command(component_id: str, transitive: bool, where: Where, as_json: bool) -> None:
    """Print the components that need one, one a line."""
    from agency.domain.components import rdeps

    graph = open_graph("rdeps", where)
    found = sorted(rdeps(graph.model, graph.component(component_id).id, transitive=transitive))
    if as_json:
        print_json("data", {"component": component_id, "transitive": transitive, "rdeps": found})
        return
    for one in found:
        print_line(one)
