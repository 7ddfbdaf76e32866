"""agency init"""

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_pairs


@click.command("init", short_help="Make a repo ready.")
@click.option("--no-gitignore", is_flag=True, help="Put the ignore line into .git/info/exclude, not .gitignore.")
@click.option("--force", is_flag=True, help="Write agency.yaml anew; scripts are never overwritten.")
@as_json
@common
def command(no_gitignore: bool, force: bool, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Make a repo ready: a commented agency.yaml, stub scripts, the ignore line for .agency/, and instructions for runners
    (AGENTS.md, with CLAUDE.md pointing at it). A repo without any of this works too.
    """
    from agency.sessions.find import require_repo
    from agency.sessions.init import init_repo

    context = make_context("init", lock_timeout)
    done = init_repo(context, require_repo(context, repo), gitignore=not no_gitignore, force=force)
    result = {
        "repo_root": done.root,
        "agency_yaml": done.config,
        "scripts_created": ", ".join(done.scripts_created) or "none",
        "gitignore": f"{done.ignored} ({done.ignored_in})",
        "agents_md": done.agents_md,
        "claude_md": done.claude_md,
        "next": 'git add -A && git commit -m "agency", then: agency run NAME',
    }
    print_json("data", result) if as_json else print_pairs(result)
