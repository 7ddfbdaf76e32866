"""agency wait"""

import click

from agency.cli.options import Duration, as_json, common, make_context, ref_argument
from agency.cli.output import print_json, print_line
from agency.domain.errors import EXIT_DONE, EXIT_FAILED, JOB_EXIT_CODES


@click.command("wait", short_help="Block until a run has got somewhere.")
@ref_argument
@click.option(
    "--for",
    "wanted",
    type=click.Choice(["exited", "idle", "waiting", "done", "status"]),
    multiple=True,
    default=("exited",),
    show_default=True,
    help="The runner has ended; it waits or is quiet; it waits for an answer; it is done with its turn; the status has "
    "changed, or is --status. Given several times: whatever comes first.",
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
    wanted: tuple[str, ...],
    status: str | None,
    quiet: float,
    timeout: float | None,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Block until a run has got somewhere, and say where: exit code 0 when it has, 3 when the time was over first, 4 when the
    runner ended with an error or was lost, or ended although only a living one can wait or be done. Once the job of a headless
    run has ended, 0 when it is done, 3 when it needs a person, 4 when it failed.

    \b
    agency send fix-login "and the tests?" && agency wait fix-login --for done --for waiting
    """
    from agency.domain.status import status_from
    from agency.sessions.find import require_run
    from agency.sessions.observe import observe
    from agency.sessions.wait import DONE, EXITED, WAITING, idle, status_changes, status_is, wait_until

    if status is not None and "status" not in wanted:
        raise click.UsageError("--status goes with --for status")
    meant = status_from(status) if status is not None else None
    context = make_context("wait", lock_timeout)
    run = require_run(context, ref, repo=repo, archived="yes")
    goals = {"exited": EXITED, "idle": idle(quiet), "waiting": WAITING, "done": DONE}
    if "status" in wanted:
        goals["status"] = status_is(meant) if meant is not None else status_changes(observe(context, run))
    seen, goal = wait_until(context, run, [goals[name] for name in dict.fromkeys(wanted)], timeout)
    if as_json:
        result = {"run_id": run.run_id, "name": run.name, "reached": goal.name, "status": seen.verdict.status}
        rest = {"exit_code": seen.facts.exit_code, "runner_alive": seen.facts.runner_alive}
        print_json("data", {**result, "summary": seen.verdict.summary or None, **rest})
    else:
        print_line(seen.verdict.status)
    if seen.facts.job_outcome is not None:
        return JOB_EXIT_CODES[seen.facts.job_outcome]
    failed = seen.facts.ended_badly or seen.verdict.rule in ("runner-lost", "creation-failed")
    return EXIT_FAILED if failed and seen.verdict.rule != "operation-in-progress" else EXIT_DONE
