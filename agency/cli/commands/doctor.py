"""agency doctor"""

from dataclasses import asdict

import click

from agency.cli.options import as_json, common, make_context
from agency.cli.output import print_json, print_line
from agency.domain.errors import EXIT_DONE, EXIT_ERROR


@click.command("doctor", short_help="Check that everything is there.")
@click.option("--fix", is_flag=True, help="Mend what can safely be mended.")
@as_json
@common
def command(fix: bool, as_json: bool, repo: str | None, lock_timeout: float) -> int:
    """Check the programs agency drives, the data directory, the config and scripts of the repo, and what was left behind. A
    line for each check, with the command that mends it; exit code 1 when something is missing that agency needs.
    """
    from agency.sessions.doctor import examine

    checks = examine(make_context("doctor", lock_timeout), repo=repo, fix=fix)
    if as_json:
        print_json("data", [asdict(check) for check in checks])
    else:
        for check in checks:
            print_line(f"{check.state + ':':<9} {check.name}: {check.text}")
            if check.mend is not None:
                print_line(f"          mend: {check.mend}")
    return EXIT_ERROR if any(check.state == "failure" for check in checks) else EXIT_DONE
