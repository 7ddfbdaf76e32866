"""agency events"""

import json

import click

from agency.cli.interrupt import until_interrupted
from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import print_line


@click.command("events", short_help="What happened to a run.")
@ref_argument
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens from now on.")
@as_json
@common
def command(ref: str, follow: bool, as_json: bool, repo: str | None, lock_timeout: float) -> None:
    """Print the events of a run, oldest first: time, event, data. With --json each line is the event as it was written."""
    from agency.sessions.find import find_run
    from agency.sessions.follow import events_of

    context = make_context("events", lock_timeout)
    run = find_run(context, ref, repo=repo, archived="yes", broken=True)
    with until_interrupted():
        for event in events_of(run, follow=follow):
            if as_json:
                print_line(json.dumps(event, separators=(",", ":"), ensure_ascii=False))
            else:
                print_line(f"{event.get('timestamp')}  {event['event']:<17}  {_data(event.get('data') or {})}".rstrip())


def _data(data: dict[str, object]) -> str:
    shown = {key: value for key, value in data.items() if key not in ("operator", "log_path")}
    return " ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in shown.items())
