"""agency plan graph owner"""

import click

from agency.cli.graph import Where, graph_options, in_repo, open_graph
from agency.cli.output import print_json, print_line


@click.command("owner", short_help="The component that a path belongs to.")
@click.argument("path")
@graph_options
def command(path: str, where: Where, as_json: bool) -> None:
    """Print the id of the component that a PATH belongs to, whether or not there is such a file."""
    from agency.domain.components import owner
    from agency.plans.graph.record import component_values

    graph = open_graph("owner", where)
    (place,) = in_repo((path,))
    one = owner(graph.model, place)
    if as_json:
        print_json("data", {"path": place, "resource": graph.control.resource_of(one.id), **component_values(one)})
    else:
        print_line(one.id)
