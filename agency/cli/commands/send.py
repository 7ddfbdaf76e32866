"""agency send"""

import sys

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import note, print_json
from agency.domain.errors import EXIT_ATTENTION, EXIT_DONE


@click.command("send", short_help="Type text into a run.")
@ref_argument
@click.argument("text", required=False)
@click.option("--no-enter", is_flag=True, help="Do not press Enter afterwards.")
@as_json
@common
def command(ref: str, text: str | None, no_enter: bool, as_json: bool, repo: str | None, lock_timeout: float) -> int:
    """Put TEXT into the pane of the runner exactly as it is, then press Enter. Without TEXT, or with -, standard input is
    read: any bytes, any length.

    With claude, codex, gemini and opencode, which tell when they take a prompt, the command waits for that, and exits with
    3 when it does not come.
    """
    from agency.sessions.find import require_run
    from agency.sessions.send import send_to

    context = make_context("send", lock_timeout)
    run = require_run(context, ref, repo=repo)
    if text is None and sys.stdin.isatty():
        raise click.UsageError("give the text, or pipe it in")
    content = sys.stdin.buffer.read() if text is None or text == "-" else text.encode("utf-8", "surrogateescape")
    confirmed = send_to(context, run, content, enter=not no_enter)
    if as_json:
        print_json("data", {"run_id": run.run_id, "name": run.name, "bytes": len(content), "confirmed": confirmed})
    if confirmed is not False:
        return EXIT_DONE
    note(f"unconfirmed: {run.runner} did not tell that it took the text; agency attach {run.name} shows what it does")
    return EXIT_ATTENTION
