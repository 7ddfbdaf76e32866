"""agency attempts"""

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import print_json, print_line, shorten, table

_SUMMARY = 60


@click.command("attempts", short_help="The attempts of a job.")
@ref_argument
@as_json
@common
def command(ref: str, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Show the attempts at the steps of the job of a headless run: what led to each, how it ended, and what followed. With
    --json all of their records."""
    from agency.sessions.find import require_run
    from agency.sessions.jobs import describe_attempts

    context = make_context("attempts", lock_timeout)
    attempts = describe_attempts(require_run(context, ref, repo=repo, archived="yes"))
    if as_json:
        print_json("data", attempts)
        return
    rows = [
        (
            f"#{attempt['stepIndex'] + 1}",
            str(attempt["attempt"]),
            attempt["startedBy"],
            attempt["outcome"],
            attempt["failureClass"] or "-",
            attempt["strategy"] or "-",
            f"{attempt['wallClockSeconds']:.1f}s" if attempt["wallClockSeconds"] is not None else "-",
            shorten(attempt["failureSummary"] or attempt.get("summary") or "", _SUMMARY),
        )
        for attempt in attempts
    ]
    header = ("STEP", "ATTEMPT", "LED BY", "OUTCOME", "CLASS", "STRATEGY", "TIME", "SUMMARY")
    print_line(table(header, rows))
