"""agency plan graph deps"""

import click

from agency.cli.graph import Where, graph_options, open_graph
from agency.cli.output import print_json, print_line


@click.command("deps", short_help="The components that one needs.")
@click.argument("component_id", metavar="ID")
@click.option("--transitive", is_flag=True, help="Those that are further away too.")
@graph_options
def command(component_id: str, transitive: bool, where: Where, as_json: bool) -> None:
    """Print the components that one needs, one a line."""
    from agency.domain.components import deps

    graph = open_graph("deps", where)
    found = sorted(deps(graph.model, graph.component(component_id).id, transitive=transitive))
    if as_json:
        print_json("data", {"component": component_id, "transitive": transitive, "deps": found})
        return
    for one in found:
        print_line(one)
