"""agency plan graph search"""

import click

from agency.cli.graph import Where, graph_options, open_graph
from agency.cli.output import note, print_json, print_line


@click.command("search", short_help="Look for text, by component.")
@click.argument("query")
@click.option("--glob", "globs", multiple=True, metavar="GLOB", help="Look only into files that fit.")
@click.option("--regex", is_flag=True, help="QUERY is an extended regular expression.")
@click.option(
    "--max", "most", type=click.IntRange(min=1), default=200, show_default=True, metavar="N", help="The most lines."
)
@graph_options
def command(query: str, globs: tuple[str, ...], regex: bool, most: int, where: Where, as_json: bool) -> None:
    """Print the lines of the commit that hold QUERY, with the component of each."""
    from agency.domain.components import owner
    from agency.plans.graph import search_at

    graph = open_graph("search", where)
    hits = search_at(graph.context, graph.repo, graph.model.commit, query, globs=globs, regex=regex)
    shown = [(owner(graph.model, hit.path).id, hit) for hit in hits[:most]]
    if as_json:
        values = [{"component": one, "path": hit.path, "line": hit.line, "text": hit.text} for one, hit in shown]
        print_json("data", {"commit": graph.model.commit, "hits": values, "truncated": len(hits) > most})
        return
    for one, hit in shown:
        print_line(f"{one}  {hit.path}:{hit.line}: {hit.text.strip()}")
    if len(hits) > most:
        note(f"{len(hits) - most} more; --max {len(hits)} shows them")
