"""agency plan graph components"""

import click

from agency.cli.graph import Where, graph_options, listed, open_graph
from agency.cli.output import print_json, print_line, table


@click.command("components", short_help="List the components.")
@graph_options
def command(where: Where, as_json: bool) -> None:
    """List the components: their directories, what they were made from, what they need."""
    from agency.domain.components import deps
    from agency.plans.graph.record import component_values

    model = open_graph("components", where).model
    needs = {one: sorted(deps(model, one)) for one in model.components}
    if as_json:
        print_json("data", [{**component_values(one), "deps": needs[one.id]} for one in model.components.values()])
        return
    rows = [
        (one.id, listed(root or "." for root in one.roots), one.source, listed(needs[one.id]))
        for one in model.components.values()
    ]
    print_line(table(("COMPONENT", "DIRECTORIES", "FROM", "NEEDS"), rows))
