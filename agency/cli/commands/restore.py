"""agency restore"""

import click

from agency.cli.options import as_json, common, complete_any_ref, inside, make_context
from agency.cli.output import print_json, print_pairs


@click.command("restore", short_help="Undo a clean.")
@click.argument("ref", shell_complete=complete_any_ref)
@as_json
@common
def command(ref: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Bring a cleaned run back as it was: worktree with uncommitted, untracked and ignored files, branch and record.

    Also finishes the worktree of a run whose making was interrupted, rebuilds one that was deleted by hand (from the commits of
    its branch), connects it again after the repository was moved, and writes a damaged record anew from its events.
    """
    from agency.sessions.find import find_run
    from agency.sessions.restore import restore_run

    context = make_context("restore", lock_timeout)
    run = find_run(context, ref, repo=repo, archived="yes", broken=True)
    restored = restore_run(inside(context, repo), run)
    result = {
        "restored": restored.run.run_id,
        "how": restored.how,
        "worktree": restored.run.worktree,
        "next": f"agency resume {restored.run.name}",
    }
    if as_json:
        print_json("data", {**result, "name": restored.run.name})
    else:
        print_pairs(result)
