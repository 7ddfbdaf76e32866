"""agency checkpoint"""

import sys
import time
from typing import TYPE_CHECKING

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import note, print_json, print_line, print_pairs, table
from agency.cli.prompts import can_ask, confirm

if TYPE_CHECKING:
    from agency.domain.checkpoint import Checkpoint
    from agency.sessions.checkpointview import Shown


@click.group("checkpoint", short_help="Keep the files of a run, and go back to them.", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Keep the files of a run as they are at a moment, and go back to them.

    A checkpoint holds the whole worktree, untracked files too, without ignored ones. Untracked files that look like secrets are
    left out and named. One is made before every restart of a runner and before every hard reset. agency gc lets go of those
    when they are old; those that you save stay as long as the run.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("save", short_help="Keep the files as they are now.")
@ref_argument
@click.option("--message", "-m", metavar="TEXT", help="What it is worth keeping for.")
@as_json
@common
def save(ref: str, message: str | None, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Keep the files of a run as they are now. The runner goes on untouched."""
    from agency.domain.checkpoint import USER
    from agency.sessions.checkpoints import save_checkpoint
    from agency.sessions.find import require_run

    context = make_context("checkpoint save", lock_timeout)
    run = require_run(context, ref, repo=repo)
    with context.busy("keeping the files"):
        checkpoint = save_checkpoint(context, run, reason=USER, message=message).checkpoint
    if as_json:
        print_json("data", {"run_id": run.run_id, "name": run.name, **_told(checkpoint)})
        return
    print_pairs({"checkpoint": checkpoint.number, "run_id": run.run_id, "commit": checkpoint.commit})
    _tell_left_out(checkpoint)


@command.command("ls", short_help="List the checkpoints of a run.")
@ref_argument
@as_json
@common
def list_all(ref: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """List the checkpoints of a run, oldest first, with how many files changed since the one before."""
    from agency.domain.durations import format_duration
    from agency.sessions.checkpointview import show_checkpoints
    from agency.sessions.find import require_run

    context = make_context("checkpoint ls", lock_timeout)
    found = show_checkpoints(context, require_run(context, ref, repo=repo, archived="by id"))
    if as_json:
        print_json("data", [{**_told(one.checkpoint), "files_changed": len(one.files)} for one in found])
        return
    now = time.time()
    rows = [
        (
            str(one.checkpoint.number),
            format_duration(max(0.0, now - one.checkpoint.created)),
            one.checkpoint.reason,
            str(len(one.files)),
            _first_line(one.checkpoint.message),
        )
        for one in found
    ]
    print_line(table(("NUMBER", "AGE", "REASON", "FILES", "MESSAGE"), rows))


@command.command("show", short_help="What a checkpoint holds.")
@ref_argument
@click.argument("number", type=click.IntRange(min=1))
@as_json
@common
def show(ref: str, number: int, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show a checkpoint: when and why it was made, and which files changed since the one before."""
    from agency.sessions.checkpointview import show_checkpoint
    from agency.sessions.find import require_run

    context = make_context("checkpoint show", lock_timeout)
    run = require_run(context, ref, repo=repo, archived="by id")
    shown = show_checkpoint(context, run, number)
    if as_json:
        print_json("data", _described(run.run_id, shown))
        return
    checkpoint = shown.checkpoint
    print_pairs(
        {
            "checkpoint": checkpoint.number,
            "created": _moment(checkpoint),
            "reason": checkpoint.reason,
            **({"message": _first_line(checkpoint.message)} if checkpoint.message else {}),
            "commit": checkpoint.commit,
            "head": checkpoint.head or "none",
            "files": len(shown.files),
        }
    )
    for file in shown.files:
        print_line(f"  {file.op.ljust(8)}  {_plain(file.path)}")
    _tell_left_out(checkpoint)


@command.command("diff", short_help="What changed since a checkpoint.")
@ref_argument
@click.argument("number", type=click.IntRange(min=1))
@click.argument("other", type=click.IntRange(min=1), required=False)
@click.option("--stat", is_flag=True, help="Only the files and how much changed in each.")
@click.option("--allow-secrets", is_flag=True, help="Also when what changed seems to hold a secret.")
@common
def diff(
    ref: str,
    number: int,
    other: int | None,
    stat: bool,
    allow_secrets: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Show what changed from checkpoint NUMBER to the files as they are now, or to checkpoint OTHER."""
    from agency.sessions.checkpointview import diff_checkpoint
    from agency.sessions.find import require_run

    context = make_context("checkpoint diff", lock_timeout)
    run = require_run(context, ref, repo=repo, archived="by id")
    color = "--color=always" if sys.stdout.isatty() and "NO_COLOR" not in context.environ else "--color=never"
    options = (color, "--no-ext-diff", "--stat" if stat else "--patch")
    patch = diff_checkpoint(context, run, number, other, options=options, allow_secrets=allow_secrets or stat)
    sys.stdout.buffer.write(patch)


@command.command("restore", short_help="Go back to the files of a checkpoint.")
@ref_argument
@click.argument("number", type=click.IntRange(min=1))
@click.option("--yes", "-y", is_flag=True, help="Do not ask when the runner is alive.")
@as_json
@common
def restore(ref: str, number: int, yes: bool, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Make the files of a run those of checkpoint NUMBER. What they are now is kept as a checkpoint first.

    The branch stays where it is, and nothing is staged afterwards. Files that were made since go; ignored files and those that
    look like secrets stay.
    """
    from agency.sessions.checkpointrestore import RestoreRequest, restore_checkpoint
    from agency.sessions.find import require_run

    context = make_context("checkpoint restore", lock_timeout)
    run = require_run(context, ref, repo=repo)
    ask = confirm if can_ask() and not as_json else None
    done = restore_checkpoint(context, run, RestoreRequest(number=number, yes=yes, confirm=ask))
    if done is None:
        note("canceled")
    elif as_json:
        told = {"restored": done.checkpoint.number, "kept": done.kept.number}
        print_json("data", {"run_id": run.run_id, "name": run.name, **told})
    else:
        print_pairs({"restored": done.checkpoint.number, "run_id": run.run_id, "kept": done.kept.number})
        _tell_left_out(done.kept)


def _told(checkpoint: "Checkpoint") -> dict[str, object]:
    return {
        "number": checkpoint.number,
        "created_at": _moment(checkpoint),
        "reason": checkpoint.reason,
        "message": checkpoint.message,
        "commit": checkpoint.commit,
        "tree": checkpoint.tree,
        "head": checkpoint.head,
        "left_out": list(checkpoint.left_out),
    }


def _described(run_id: str, shown: "Shown") -> dict[str, object]:
    files = [{"path": file.path, "op": file.op, "mode": file.mode, "blob": file.blob} for file in shown.files]
    return {"run_id": run_id, **_told(shown.checkpoint), "files": files}


def _moment(checkpoint: "Checkpoint") -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(checkpoint.created))


def _tell_left_out(checkpoint: "Checkpoint") -> None:
    if checkpoint.left_out:
        note(f"left out, as they look like secrets: {', '.join(_plain(path) for path in checkpoint.left_out)}")


def _first_line(message: str | None) -> str:
    return _plain(message.strip().splitlines()[0]) if message and message.strip() else ""


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
