"""agency push"""

import click

from agency.cli.options import as_json, common, inside, make_context, ref_argument
from agency.cli.output import print_json, print_pairs

_NO_PULL = "no pull request: origin is not on GitHub"


@click.command("push", short_help="Push the branch of a run; open or update its pull request.")
@ref_argument
@click.option("--allow-dirty", is_flag=True, help="Leave uncommitted changes behind.")
@click.option(
    "--force-with-lease", is_flag=True, help="Replace the branch on origin, provided that it is as agency left it."
)
@click.option("--draft", is_flag=True, help="Open the pull request as a draft.")
@as_json
@common
def command(
    ref: str,
    allow_dirty: bool,
    force_with_lease: bool,
    draft: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Push the branch of a run to origin. On GitHub its pull request is opened, or brought up to date where it is open.

    The text of the pull request is .agency/report.md, where the agent wrote something there, else it is made from the commits,
    the changed files and the last verify. Needs gh, logged in, where origin is on GitHub.
    """
    from agency.sessions.find import require_run
    from agency.sessions.push import PushRequest, push_run

    context = make_context("push", lock_timeout)
    run = require_run(context, ref, repo=repo)
    request = PushRequest(allow_dirty=allow_dirty, force_with_lease=force_with_lease, draft=draft)
    pushed = push_run(inside(context, repo), run, request)
    pull = pushed.pull
    result = {"branch": pushed.run.branch, "commit": pushed.commit}
    if not as_json:
        told = {"note": _NO_PULL} if pull is None else {"pr": pull.url, "pr_action": pushed.action}
        print_pairs({**result, **told})
        return
    print_json(
        "data",
        {
            "run_id": pushed.run.run_id,
            "name": pushed.run.name,
            **result,
            "pr_number": None if pull is None else pull.number,
            "pr_url": None if pull is None else pull.url,
            "pr_action": pushed.action,
            "note": _NO_PULL if pull is None else None,
        },
    )
