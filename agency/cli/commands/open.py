"""agency open"""

import click

from agency.cli.options import common, make_context, ref_argument


@click.command("open", short_help="Open the worktree in an editor.")
@ref_argument
@click.option("--editor", "-e", metavar="EDITOR", help="Which editor: a name from config.yaml or a command line.")
@common
def command(ref: str, editor: str | None, repo: str | None, lock_timeout: float) -> int:
    """Open the worktree of a run in your editor and exit as the editor does.

    The editor is the one given, defaults.editor of the config, $VISUAL, $EDITOR, or a usual one that is installed.
    """
    from agency.sessions.find import require_run
    from agency.sessions.open import open_run

    context = make_context("open", lock_timeout)
    return open_run(context, require_run(context, ref, repo=repo, archived="by id"), editor)
