"""agency run"""

from collections.abc import Mapping
from typing import BinaryIO

import click

from agency.cli.jobs import budget_options, wait_for_job
from agency.cli.options import allow_scripts, as_json, common, make_context
from agency.cli.output import note, print_json, print_pairs, show_output
from agency.cli.prompts import has_terminal
from agency.domain.errors import EXIT_DONE, AgencyError
from agency.domain.isolation import BACKENDS
from agency.domain.job import PUBLISH


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
@click.option("--headless", is_flag=True, help="Nobody is at the keyboard: a worker drives the runner through a job.")
@click.option("--job", metavar="FILE", type=click.Path(), help="With --headless: the job, as YAML or JSON.")
@click.option("--model", metavar="MODEL", help="With --headless: the model that the runner uses.")
@click.option("--publish", type=click.Choice(PUBLISH), help="With --headless: what becomes of the work in the end.")
@click.option(
    "--isolation",
    type=click.Choice(BACKENDS),
    help="With --headless: what keeps the runner and the checks apart from this machine.",
)
@click.option(
    "--wait", is_flag=True, help="With --headless: until the job has ended; exit code 0 done, 3 stuck, 4 failed."
)
@budget_options
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
    headless: bool,
    job: str | None,
    model: str | None,
    publish: str | None,
    isolation: str | None,
    wait: bool,
    budgets: Mapping[str, float],
    allow_dirty: bool,
    take_changes: bool,
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Start a run: a git worktree on a branch of its own, the setup script of the repo, and a tmux session in which the
    runner works. Then show the session; Ctrl-b d leaves it, and everything goes on.

    With --headless a worker drives the runner through a job without a person, watches it, and recovers when it is stuck; agency
    attach shows it at work.

    Your checkout is never touched. Words after -- are added to the command line of the runner.

    \b
    agency run fix-login
    agency run --runner codex --prompt "mend the login form" --detached
    agency run try -r claude -- --model opus
    agency run fix-login --headless --prompt "mend the login form" --wait
    """
    from agency.sessions.attach import attach_run
    from agency.sessions.create import RunRequest, create_run
    from agency.sessions.headless import JobRequest

    if name is not None and name_option is not None and name != name_option:
        raise click.UsageError("the name is given twice")
    of_headless = {"job": job, "model": model, "publish": publish, "isolation": isolation, "wait": wait or None}
    _require_fitting(headless, {**of_headless, **budgets})
    if headless and [prompt, prompt_file, job].count(None) != 2:
        raise click.UsageError("--headless takes one of --prompt, --prompt-file and --job")
    if headless and take_changes:
        raise click.UsageError("--headless and --take-changes exclude each other: a rebuilt worktree would lack them")
    if prompt is not None and prompt_file is not None:
        raise click.UsageError("--prompt and --prompt-file exclude each other")
    if allow_dirty and take_changes:
        raise click.UsageError("--allow-dirty and --take-changes exclude each other")
    detached = detached or as_json or wait
    if not detached and not has_terminal():
        raise AgencyError(
            "E_NOT_INTERACTIVE", "there is no terminal to show the session in", hint="agency run --detached"
        )
    text = prompt if prompt_file is None else prompt_file.read().decode("utf-8", "surrogateescape")
    context = make_context("run", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    run = create_run(
        context,
        RunRequest(
            name=name_option or name,
            runner=runner,
            parent=parent,
            prompt=text,
            runner_args=runner_args,
            allow_dirty=allow_dirty,
            take_changes=take_changes,
            repo=repo,
            watch=detached,
            open_editor=open_editor,
            job=JobRequest(prompt=text, file=job, model=model, publish=publish, flags=budgets, backend=isolation)
            if headless
            else None,
        ),
        show_output,
    )
    if run is None:
        note("canceled")
        return EXIT_DONE
    if wait:
        return wait_for_job(context, run, as_json=as_json)
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
    return EXIT_DONE


def _require_fitting(headless: bool, given: Mapping[str, object]) -> None:
    """Raise a usage error for an option that only goes with ``--headless``."""
    option = next((name for name, value in given.items() if value is not None), None)
    if option is not None and not headless:
        raise click.UsageError(f"--{option.replace('_', '-')} goes with --headless")
