"""agency job"""

import click


@click.group("job", short_help="Job files of headless runs.")
def command() -> None:
    """Job files of headless runs."""


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of a job file."""
    import json

    from agency.config.schema import job_schema

    click.echo(json.dumps(job_schema(), indent=2))
