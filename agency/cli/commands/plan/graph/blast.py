"""agency plan graph blast"""

import click

from agency.cli.graph import Where, changes_options, graph_options, listed, open_graph
from agency.cli.output import print_json, print_pairs


@click.command("blast", short_help="How far a change reaches.")
@changes_options
@graph_options
def command(paths: tuple[str, ...], changed: bool, against: str | None, where: Where, as_json: bool) -> None:
    """Tell which components a change of PATHS touches, which it reaches through those that need them, and why that was taken to
    be all of them, if it was."""
    from agency.domain.blast import blast, values_of

    graph = open_graph("blast", where)
    told = values_of(blast(graph.model, graph.changed(paths, changed=changed, against=against)))
    if as_json:
        print_json("data", {"commit": graph.model.commit, **told})
    else:
        print_pairs({key: listed(value) if isinstance(value, list) else value for key, value in told.items()})
