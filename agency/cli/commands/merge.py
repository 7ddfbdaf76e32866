"""agency merge"""

import click

from agency.cli.options import allow_scripts, as_json, common, inside, make_context, one_strategy, ref_argument
from agency.cli.output import note, print_json, print_pairs, show_output
from agency.cli.prompts import can_ask, typed
from agency.domain.pullrequest import Strategy


@click.command("merge", short_help="Merge the pull request of a run and archive the run.")
@ref_argument
@one_strategy("squash", "merge", "rebase")
@click.option("--no-delete-branch", is_flag=True, help="Keep the branch, here and on GitHub.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@allow_scripts
@as_json
@common
def command(
    ref: str,
    strategy: Strategy,
    no_delete_branch: bool,
    yes: bool,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Merge the pull request of a run on GitHub, once the verify script of the repo passes, and archive the run.

    Nothing is merged but what the run holds and GitHub shows. Typed again after an interruption it finishes what was begun.
    """
    from agency.sessions.find import require_run
    from agency.sessions.merge import MergeRequest, merge_run

    context = make_context("merge", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    run = require_run(context, ref, repo=repo, archived="yes")
    merged = merge_run(
        inside(context, repo),
        run,
        MergeRequest(
            strategy=strategy,
            delete_branch=not no_delete_branch,
            yes=yes,
            confirm=(lambda question: typed(question, "merge")) if can_ask() else None,
        ),
        show_output,
    )
    if merged is None:
        note("canceled")
        return
    run = merged.run
    if merged.already:
        note(f"{run.name} is merged and archived already")
    branch = run.branch if merged.already else f"{run.branch} ({merged.branch})"
    result = {"merged": run.run_id, "pr": run.pr_url, "branch": branch}
    if as_json:
        more = {"name": run.name, "pr_number": run.pr_number, "merged_at": run.merged_at, "already": merged.already}
        print_json("data", {**result, **more})
    elif not merged.already:
        print_pairs(result)
