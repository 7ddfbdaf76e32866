"""agency plan"""

import click

from agency.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "init": "Make the files of a plan.",
    "draft": "Draft the tasks of a plan from a text.",
    "check": "Say everything that is wrong with a plan.",
    "show": "Show the tasks of a plan.",
    "autopilot": "From a conversation to a plan that is carried out.",
    "run": "Carry a plan out.",
    "resume": "Go on with a plan that was stopped or whose conductor died.",
    "status": "How a plan is doing.",
    "stop": "Stop a plan; its workers go on, or not.",
    "review": "Decide on tasks that need a person.",
    "runs": "The plans that were begun in this repo.",
    "graph": "The components of the repo, and what follows from them.",
    "logs": "What happened in a plan: events, story, failures, doctors.",
    "ledger": "What earlier runs of plans completed.",
    "clean": "Put a plan away, with all that it holds.",
    "restore": "Bring a plan back that was cleaned.",
    "schema": "Print the schema of plan.yaml or of a manifest.",
}
"""Command (and module of this package) -> its line in the help, in the order of use."""


@click.group("plan", cls=LazyGroup, table=COMMANDS, package=__name__, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Drive many runs through the tasks of a plan, and merge what they made.

    A plan is a directory of tasks in the repo, .agency/plans/NAME/tasks, and a plan.yaml that says what holds for all of them.
    Each task is worked on in a run of its own. What is finished is combined with the branch, judged, and only then merged.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
