"""agency plan graph locks"""

import click

from agency.cli.graph import Where, graph_options, listed, open_graph
from agency.cli.output import print_json, print_pairs


@click.command("locks", short_help="The locks that follow from the files a task may write.")
@click.argument("globs", nargs=-1, required=True, metavar="GLOB...")
@click.option("--reads", multiple=True, metavar="GLOB", help="What the task reads.")
@graph_options
def command(globs: tuple[str, ...], reads: tuple[str, ...], where: Where, as_json: bool) -> None:
    """Tell which locks a task gets that may write what fits GLOB. Files that do not exist yet count as well."""
    from agency.domain.derivedlocks import derive
    from agency.plans.graph import tracked_at

    graph = open_graph("locks", where)
    tracked = tracked_at(graph.context, graph.repo, graph.model.commit) if graph.control.surface_locks else []
    derived = derive(graph.model, globs, tracked, graph.control, read_globs=reads)
    told = {
        "writes": list(derived.writes),
        "reads": list(derived.reads),
        "components": list(derived.components),
        "confidence": derived.confidence,
        "notes": list(derived.notes),
    }
    if as_json:
        print_json("data", {"commit": graph.model.commit, **told})
    else:
        print_pairs({key: listed(value) if isinstance(value, list) else value for key, value in told.items()})
