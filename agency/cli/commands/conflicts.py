"""agency conflicts"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import note, print_json, print_line, shorten, table


@click.command("conflicts", short_help="Which runs would conflict.")
@click.option("--into", metavar="BRANCH", help="Compare every run with this branch instead of its parent.")
@as_json
@common
def command(into: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show which present runs would conflict with their parent branch, or with another run of that parent, if they were landed
    now.

    Merges are tried and thrown away: no file, branch or worktree changes. Only commits count, as only they are landed.
    """
    from agency.sessions.conflicts import describe_conflict, find_conflicts

    context = make_context("conflicts", lock_timeout)
    with context.busy("merging on trial"):
        radar, uncommitted = find_conflicts(context, repo=repo, into=into)
    for one in uncommitted:
        note(str(one))
    if as_json:
        print_json("data", [describe_conflict(conflict) for conflict in radar.conflicts])
    elif radar.conflicts:
        rows = [(conflict.name, conflict.other, _listed(conflict.paths)) for conflict in radar.conflicts]
        print_line(table(("RUN", "WITH", "PATHS"), rows))
    elif radar.compared:
        print_line(f"no conflicts among {radar.compared} run{'s' if radar.compared != 1 else ''}")
    else:
        print_line("no conflicts: no run has commits of its own")


def _listed(paths: tuple[str, ...]) -> str:
    """The paths on one line, for a table."""
    text = ", ".join(paths)
    return shorten("".join(char if char.isprintable() else "?" for char in text), 100)
