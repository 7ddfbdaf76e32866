"""agency run"""

from typing import BinaryIO

import click

from agency.cli.options import allow_scripts, as_json, common, make_context
from agency.cli.output import note, print_json, print_pairs, show_output
from agency.cli.prompts import has_terminal
from agency.domain.errors import AgencyError


class _Run(click.Command):
    """Hands the words after the first ``--`` to the runner, whether or not a NAME stands before them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what stands before ``--``. Raises UsageError for a word too many there."""
        end = args.index("--") if "--" in args else len(args)
        rest = super().parse_args(ctx, args[:end])
        if too_many := ctx.params["runner_args"]:
            raise click.UsageError(f"unexpected word {too_many[0]}; words for the runner go after --", ctx)
        ctx.params["runner_args"] = tuple(args[end + 1 :])
        return rest


@click.command("run", cls=_Run, short_help="Start a run.")
@click.argument("name", required=False)
@click.argument("runner_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- RUNNER ARGS...]")
@click.option(
    "--name",
    "-n",
    "name_option",
    metavar="NAME",
    help="The name of the run; made from the prompt or the date without one.",
)
@click.option("--runner", "-r", metavar="RUNNER", help="Which runner works in it.")
@click.option("--parent", metavar="BRANCH", help="The local branch to start from; the one you stand on without it.")
@click.option("--detached", "-d", is_flag=True, help="Do not show the session.")
@click.option("--open", "open_editor", is_flag=True, help="Open the worktree in your editor too.")
@click.option("--prompt", "-p", metavar="TEXT", help="The first prompt, handed to the runner.")
@click.option(
    "--prompt-file",
    type=click.File("rb"),
    help="The first prompt from a file (- for standard input).",
)
@click.option(
    "--allow-dirty", is_flag=True, help="Start although the parent's checkout has uncommitted changes; they stay there."
)
@click.option(
    "--take-changes", is_flag=True, help="Start with a copy of the uncommitted changes of the parent's checkout."
)
@allow_scripts
@as_json
@common
def command(
    name: str | None,
    runner_args: tuple[str, ...],
    name_option: str | None,
    runner: str | None,
    parent: str | None,
    detached: bool,
    open_editor: bool,
    prompt: str | None,
    prompt_file: BinaryIO | None,
    allow_dirty: bool,
    take_changes: bool,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> None:
    """Start a run: a git worktree on a branch of its own, the setup script of the repo, and a tmux session in which the
    runner works. Then show the session; Ctrl-b d leaves it, and everything goes on.

    Your checkout is never touched. Words after -- are added to the command line of the runner.

    \b
    agency run fix-login
    agency run --runner codex --prompt "mend the login form" --detached
    agency run try -r claude -- --model opus
    """
    from agency.sessions.attach import attach_run
    from agency.sessions.create import RunRequest, create_run

    if name is not None and name_option is not None and name != name_option:
        raise click.UsageError("the name is given twice")
    if prompt is not None and prompt_file is not None:
        raise click.UsageError("--prompt and --prompt-file exclude each other")
    if allow_dirty and take_changes:
        raise click.UsageError("--allow-dirty and --take-changes exclude each other")
    detached = detached or as_json
    if not detached and not has_terminal():
        raise AgencyError(
            "E_NOT_INTERACTIVE", "there is no terminal to show the session in", hint="agency run --detached"
        )
    context = make_context("run", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    run = create_run(
        context,
        RunRequest(
            name=name_option or name,
            runner=runner,
            parent=parent,
            prompt=prompt if prompt_file is None else prompt_file.read().decode("utf-8", "surrogateescape"),
            runner_args=runner_args,
            allow_dirty=allow_dirty,
            take_changes=take_changes,
            repo=repo,
            watch=detached,
            open_editor=open_editor,
        ),
        show_output,
    )
    if run is None:
        note("canceled")
        return
    result = {
        "run_id": run.run_id,
        "name": run.name,
        "runner": run.runner,
        "parent": run.parent_branch,
        "branch": run.branch,
        "worktree": run.worktree,
        "tmux": run.session_name,
        "next": f"agency attach {run.name}",
    }
    if as_json:
        print_json("data", result)
    else:
        print_pairs(result)
    if open_editor:
        from agency.sessions.open import open_run

        open_run(context, run, None)
    if not detached:
        attach_run(context, run, read_only=False)
