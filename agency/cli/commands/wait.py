"""agency wait"""

import click

from agency.cli.options import Duration, as_json, common, make_context, ref_argument
from agency.cli.output import print_json, print_line
from agency.domain.errors import EXIT_DONE, EXIT_FAILED


@click.command("wait", short_help="Block until a run has got somewhere.")
@ref_argument
@click.option(
    "--for",
    "goal",
    type=click.Choice(["exited", "idle", "status"]),
    default="exited",
    show_default=True,
    help="The runner has ended; it waits or is quiet; the status has changed, or is --status.",
)
@click.option("--status", metavar="STATUS", help="With --for status: the status to wait for, such as ready-for-review.")
@click.option(
    "--quiet",
    type=Duration(),
    default="5s",
    show_default=True,
    metavar="DURATION",
    help="With --for idle: how long without output.",
)
@click.option("--timeout", type=Duration(), default=None, metavar="DURATION", help="Give up after this long.")
@as_json
@common
def command(
    ref: str,
    goal: str,
    status: str | None,
    quiet: float,
    timeout: float | None,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Block until a run has got somewhere, and say where: exit code 0 when it has, 4 when the runner ended with an error or
    was lost, 3 when the time was over first.
    """
    from agency.sessions.find import require_run
    from agency.sessions.observe import observe
    from agency.sessions.wait import has_changed, has_exited, has_status, is_idle, wait_until

    if status is not None and goal != "status":
        raise click.UsageError("--status goes with --for status")
    context = make_context("wait", lock_timeout)
    run = require_run(context, ref, repo=repo, archived="yes")
    if goal == "exited":
        seen = wait_until(context, run, has_exited, "its runner to exit", timeout)
    elif goal == "idle":
        seen = wait_until(context, run, is_idle(quiet), "it to be idle", timeout)
    elif status is not None:
        wanted = status.lower().replace("-", " ").replace("_", " ")
        seen = wait_until(context, run, has_status(wanted), f"it to be {wanted}", timeout)
    else:
        seen = wait_until(context, run, has_changed(observe(context, run)), "its status to change", timeout)
    if as_json:
        result = {"run_id": run.run_id, "name": run.name, "status": seen.verdict.status}
        print_json("data", {**result, "exit_code": seen.facts.exit_code, "runner_alive": seen.facts.runner_alive})
    else:
        print_line(seen.verdict.status)
    failed = seen.facts.ended_badly or seen.verdict.rule in ("runner-lost", "creation-failed")
    return EXIT_FAILED if failed and seen.verdict.rule != "operation-in-progress" else EXIT_DONE
