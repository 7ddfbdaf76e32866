"""agency open"""

import click

from agency.cli.options import allow_scripts, common, make_context, ref_argument
from agency.cli.output import note
from agency.domain.errors import EXIT_DONE


@click.command("open", short_help="Open the worktree in an editor.")
@ref_argument
@click.option("--editor", "-e", metavar="EDITOR", help="Which editor: a name from config.yaml or a command line.")
@allow_scripts
@common
def command(ref: str, editor: str | None, allow_scripts: bool, repo: str | None, lock_timeout: float) -> int:
    """Open the worktree of a run in your editor and exit as the editor does.

    The editor is the one given, defaults.editor of the config, $VISUAL, $EDITOR, or a usual one that is installed.
    """
    from agency.sessions.find import require_run
    from agency.sessions.open import open_run

    context = make_context("open", lock_timeout, allow_scripts=allow_scripts, may_ask=True)
    code = open_run(context, require_run(context, ref, repo=repo, archived="by id"), editor)
    if code is None:
        note("canceled")
    return code or EXIT_DONE
