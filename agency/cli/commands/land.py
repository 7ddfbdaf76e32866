"""agency land"""

import click

from agency.cli.options import allow_scripts, as_json, common, inside, make_context, one_strategy, ref_argument
from agency.cli.output import note, print_json, print_pairs, show_output
from agency.cli.prompts import can_ask, typed


@click.command("land", short_help="Bring the work of a run into a local branch.")
@ref_argument
@click.option("--into", metavar="BRANCH", help="The local branch; the parent branch of the run without it.")
@one_strategy("squash", "merge", "rebase", "ff-only")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@allow_scripts
@as_json
@common
def command(
    ref: str,
    into: str | None,
    strategy: str,
    yes: bool,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Bring the committed work of a run into a local branch, then archive the run.

    The work is combined with the branch in a worktree of its own, and the verify script of the repo runs there. Only then the
    branch moves, with the checkout that stands on it, which must have no uncommitted changes. A conflict changes nothing.
    """
    from agency.sessions.find import require_run
    from agency.sessions.land import land_run
    from agency.sessions.landcheck import LandRequest

    context = make_context("land", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    run = require_run(context, ref, repo=repo, archived="yes")
    landed = land_run(
        inside(context, repo),
        run,
        LandRequest(
            target=into,
            strategy=strategy,
            yes=yes,
            confirm=(lambda question: typed(question, "land")) if can_ask() else None,
        ),
        show_output,
    )
    if landed is None:
        note("canceled")
        return
    if landed.already:
        note(f"{landed.run.name} has landed before{f' on {landed.target}' if landed.target else ''}")
    result = {
        "landed": landed.run.run_id,
        "target": landed.target,
        "commit": landed.commit,
        "undo": f"agency restore {landed.run.run_id}",
    }
    if as_json:
        print_json("data", {**result, "name": landed.run.name, "already": landed.already})
    elif not landed.already:
        print_pairs(result)
