"""The command ``agency``: its subcommands, loaded when they are used, and the one door for failures."""

import gc

gc.set_threshold(50_000)  # a command is short: looking for cycles while its modules load costs more than it frees

import os
import sys
from contextlib import suppress

import click

from agency.cli.errors import exit_code_of, show_error
from agency.cli.lazy import LazyGroup
from agency.cli.streams import let_go_of_output, require_streams
from agency.domain.errors import EXIT_DONE

COMMANDS: dict[str, str] = {
    "init": "Make a repo ready: agency.yaml, scripts, instructions for runners.",
    "allow": "Allow what a repo brings along to be executed.",
    "doctor": "Check that everything agency needs is there.",
    "run": "Start a run: worktree, branch, setup script, session.",
    "ls": "List runs and how they are doing.",
    "attach": "Show the session of a run in this terminal.",
    "resume": "Go back into a run; its runner is started where it is gone.",
    "fork": "Make another run that starts where this one is.",
    "send": "Type text into a run.",
    "wait": "Block until a run has got somewhere.",
    "stop": "Interrupt the runner of a run (Ctrl-C).",
    "kill": "End the session of a run and everything in it.",
    "show": "Everything known about a run.",
    "explain": "Why a run has the status it has.",
    "verify": "Run the verify script of the repo on a run.",
    "push": "Push the branch of a run; open or update its pull request.",
    "merge": "Merge the pull request of a run and archive the run.",
    "diff": "What a run changed since its parent.",
    "checkpoint": "Keep the files of a run, and go back to them.",
    "conflicts": "Which runs would conflict if they were landed now.",
    "events": "What happened to a run.",
    "logs": "Output of the scripts and of the pane.",
    "path": "Where the worktree of a run is.",
    "open": "Open the worktree of a run in an editor.",
    "shell": "A shell in the worktree of a run.",
    "steps": "The steps of the job of a headless run, and how each is doing.",
    "attempts": "The attempts at the steps of a job, and how each ended.",
    "pause": "Hold the job of a headless run.",
    "unpause": "Let the job of a headless run go on.",
    "takeover": "Work in the place of the runner of a headless run.",
    "release": "Give a headless run back to its worker.",
    "retry-step": "Begin a step of a job anew.",
    "hard-reset": "Rebuild the worktree and begin a step anew.",
    "resume-from": "Go on with a job from an earlier step.",
    "mark": "Say that a run needs a look, or no longer.",
    "rename": "Give a run another name.",
    "resolve": "The way out of a conflict with the branch a run is to go to.",
    "land": "Bring the work of a run into a local branch.",
    "clean": "Archive a run; nothing is destroyed.",
    "restore": "Undo a clean, or repair a worktree.",
    "gc": "Let go of what was archived long ago.",
    "usage": "Tokens and money that runs took.",
    "du": "What runs cost on disk.",
    "job": "Print the schema of job files.",
    "plan": "Drive many runs through the tasks of a plan, and merge what they made.",
    "config": "Explain the configuration.",
    "completion": "Print the completion script of a shell.",
}
"""Subcommand (and module under :mod:`agency.cli.commands`) -> its line in the help, in the order of a day's work."""


def _print_version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from agency import __version__

        click.echo(f"agency {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    package="agency.cli.commands",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    "-V",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.pass_context
def agency(ctx: click.Context) -> None:
    """Run a team of coding agents on this machine and lose nothing.

    Each run is a git worktree on its own branch plus a tmux session in which an agent works.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line and exit."""
    from agency.tools.signals import end_in_order

    require_streams()
    end_in_order()
    stdout = sys.stdout
    try:
        result = agency.main(prog_name="agency", standalone_mode=False)
        sys.stdout.flush()
        code = result if isinstance(result, int) else EXIT_DONE
    except BrokenPipeError:  # whoever read the output has seen enough, as head does
        code = EXIT_DONE
    except SystemExit as end:  # click's own end: a word was completed, or it met the broken pipe and replaced stdout
        code = int(end.code or 0) if sys.stdout is stdout else EXIT_DONE
    except (Exception, KeyboardInterrupt) as error:
        code = exit_code_of(error)
        with suppress(OSError):
            show_error(error, sys.argv[1:])
    let_go_of_output()
    os._exit(code)  # nothing is left to do, and taking the interpreter down in order takes milliseconds
