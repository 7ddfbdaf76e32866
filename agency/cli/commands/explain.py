"""agency explain"""

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import print_json, print_line


@click.command("explain", short_help="Why a run has the status it has.")
@ref_argument
@as_json
@common
def command(ref: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Tell the status of a run, the rule that produced it, and the evidence that was seen."""
    from agency.sessions.explain import explain_run
    from agency.sessions.find import find_run

    context = make_context("explain", lock_timeout)
    told = explain_run(context, find_run(context, ref, repo=repo, archived="yes", broken=True))
    if as_json:
        print_json("data", told)
        return
    print_line(f"status: {told['status']}")
    print_line(f"rule: {told['rule']}: {told['because']}")
    print_line("evidence:")
    _print_evidence(told["evidence"], "  ")


def _print_evidence(evidence: object, indent: str) -> None:
    """Nested ``key: value`` lines; what was not seen is left out."""
    assert isinstance(evidence, dict)
    for key, value in evidence.items():
        if value is None or value == [] or value == "":
            continue
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if isinstance(entry, dict):
                print_line(f"{indent}{key}:")
                _print_evidence(entry, indent + "  ")
            else:
                print_line(f"{indent}{key}: {str(entry).lower() if isinstance(entry, bool) else entry}")
