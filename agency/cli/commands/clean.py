"""agency clean"""

import click

from agency.cli.options import allow_scripts, as_json, common, inside, make_context, ref_argument
from agency.cli.output import note, print_json, print_pairs, show_output
from agency.cli.prompts import can_ask, typed


@click.command("clean", short_help="Archive a run.")
@ref_argument
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--discard", is_flag=True, help="Put work that exists nowhere else into the trash.")
@click.option(
    "--delete-branch", is_flag=True, help="Delete the branch too; without this only a branch with no commit goes."
)
@click.option("--force", is_flag=True, help="Go on when the archive script fails or the repository is gone.")
@allow_scripts
@as_json
@common
def command(
    ref: str,
    yes: bool,
    discard: bool,
    delete_branch: bool,
    force: bool,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Archive a run: the archive script of the repo runs, the session and all its processes end, the worktree is moved
    into the trash and the record into the archive.

    Nothing is destroyed: agency restore brings everything back, until agency gc lets go of it.
    """
    from agency.sessions.clean import CleanRequest, clean_run
    from agency.sessions.find import require_run

    context = make_context("clean", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    run = require_run(context, ref, repo=repo, archived="yes")
    cleaned = clean_run(
        inside(context, repo),
        run,
        CleanRequest(
            yes=yes,
            discard=discard,
            delete_branch=delete_branch,
            force=force,
            confirm=(lambda question: typed(question, "clean")) if can_ask() else None,
        ),
        show_output,
    )
    if cleaned is None:
        note("canceled")
        return
    if cleaned.already:
        note(f"{cleaned.run.name} is already archived")
    result = {
        "cleaned": cleaned.run.run_id,
        "branch": f"{cleaned.run.branch} ({cleaned.branch})",
        "undo": f"agency restore {cleaned.run.run_id}",
    }
    if as_json:
        print_json("data", {**result, "name": cleaned.run.name, "already": cleaned.already})
    elif not cleaned.already:
        print_pairs(result)
