"""agency plan graph tier"""

import click

from agency.cli.graph import Where, changes_options, graph_options, listed, open_graph
from agency.cli.output import print_json, print_pairs


@click.command("tier", short_help="How much is at stake with a change, and which doctor judges it.")
@changes_options
@graph_options
def command(paths: tuple[str, ...], changed: bool, against: str | None, where: Where, as_json: bool) -> None:
    """Tell the tier of a change, from 0 (one component) to 3 (data, or what everything rests on), what of it others see, and the
    doctor that would judge it."""
    from agency.domain.blast import blast
    from agency.domain.checkset import select
    from agency.domain.surface import surface_of
    from agency.domain.tiers import tier

    graph = open_graph("tier", where)
    files = graph.changed(paths, changed=changed, against=against)
    reach, surface = blast(graph.model, files), surface_of(files, graph.control.surface_patterns)
    level = tier(surface=surface, impacted=len(reach.impacted), fallback=bool(reach.widened))
    checks = select(reach, surface=surface, tier=level, checks=graph.control.checks, doctor=graph.settings.doctor or "")
    told = {
        "tier": level,
        "surface": sorted(surface),
        "impacted": list(reach.impacted),
        "confidence": reach.confidence,
        "checks": checks.mode,
        "command": checks.command or None,
        "fallback_reason": checks.reason,
        "rationale": list(checks.rationale),
    }
    if as_json:
        print_json("data", {"commit": graph.model.commit, **told})
    else:
        print_pairs(
            {
                key: listed(value) if isinstance(value, list) else value or ("-" if value is None else value)
                for key, value in told.items()
            }
        )
