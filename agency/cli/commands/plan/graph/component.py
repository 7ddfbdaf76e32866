"""agency plan graph component"""

import click

from agency.cli.graph import Where, graph_options, listed, open_graph
from agency.cli.output import print_json, print_pairs


@click.command("component", short_help="Show one component.")
@click.argument("component_id", metavar="ID")
@graph_options
def command(component_id: str, where: Where, as_json: bool) -> None:
    """Show one component: its directories, the names others know it by, what it needs and what needs it."""
    from agency.domain.components import deps, rdeps
    from agency.plans.graph.record import component_values

    graph = open_graph("component", where)
    one = graph.component(component_id)
    told = {
        **component_values(one),
        "resource": graph.control.resource_of(one.id),
        "deps": sorted(deps(graph.model, one.id)),
        "rdeps": sorted(rdeps(graph.model, one.id)),
    }
    if as_json:
        print_json("data", told)
    else:
        shown = {
            key: listed(item or "." for item in value) if isinstance(value, list) else value
            for key, value in told.items()
        }
        print_pairs(shown)
