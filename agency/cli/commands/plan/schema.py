"""agency plan schema"""

import json

import click

from agency.cli.output import print_line


@click.command("schema", short_help="Print a schema.")
@click.argument("what", type=click.Choice(["plan", "manifest"]))
def command(what: str) -> None:
    """Print the JSON Schema of plan.yaml, or of the manifest of a task."""
    from agency.config.planschema import manifest_schema, plan_schema

    print_line(json.dumps(plan_schema() if what == "plan" else manifest_schema(), indent=2))
