"""agency verify"""

import click

from agency.cli.options import Duration, allow_scripts, as_json, common, make_context, ref_argument
from agency.cli.output import note, print_json, print_pairs, show_output
from agency.domain.errors import AgencyError


@click.command("verify", short_help="Run the verify script of the repo on a run.")
@ref_argument
@click.option("--timeout", type=Duration(), metavar="DURATION", help="How long it may take, such as 90s or 1h.")
@allow_scripts
@as_json
@common
def command(
    ref: str, timeout: float | None, allow_scripts: bool, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Run the verify script of the repo in the worktree of a run and keep what it found as evidence for exactly these files.

    A failure calls for attention, which agency ls shows; the next success ends that.
    """
    from agency.sessions.find import require_run
    from agency.sessions.verify import verify_run
    from agency.store.verify import read_verify_record, verify_record_path

    if timeout is not None and timeout <= 0:
        raise AgencyError("E_USAGE", "a verify needs some time", hint="agency verify NAME --timeout 10m")
    context = make_context("verify", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    run = require_run(context, ref, repo=repo)
    result = verify_run(context, run, timeout=timeout, show=show_output)
    if result is None:
        note("canceled")
        return
    if as_json:
        print_json("data", {"run_id": run.run_id, "name": run.name, **(read_verify_record(run) or {})})
        return
    told = {"verified": run.run_id, "record": verify_record_path(run), "log": result.log_path}
    print_pairs({**told, **({"summary": result.summary} if result.summary else {})})
