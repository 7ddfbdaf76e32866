"""agency plan graph info"""

import click

from agency.cli.graph import Where, graph_options, listed, open_graph
from agency.cli.output import print_json, print_pairs


@click.command("info", short_help="What is known of the commit.")
@graph_options
def command(where: Where, as_json: bool) -> None:
    """Tell how many components the commit has, what they were made from, and what could not be read."""
    graph = open_graph("info", where)
    sources = sorted({one.source for one in graph.model.components.values()})
    told = {
        "commit": graph.model.commit,
        "enabled": graph.control.enabled,
        "lock_mode": graph.control.lock_mode,
        "scope_mode": graph.control.scope_mode,
        "checks": graph.control.checks.mode,
        "components": len(graph.model.components),
        "edges": len(graph.model.edges),
        "sources": sources,
        "notes": list(graph.model.notes),
    }
    if as_json:
        print_json("data", told)
    else:
        enabled = "yes" if graph.control.enabled else "no"
        print_pairs({**told, "enabled": enabled, "sources": listed(sources), "notes": listed(graph.model.notes)})
